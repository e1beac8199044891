/**
 * The dashboard and the alerts ask for metrics that there are, and `docker-compose.yml` mounts them where Grafana looks. No Docker needed.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { load as parseYaml } from "js-yaml";
import alertsText from "../../lib/telemetry/grafana/alerts.yaml" with {
  type: "text",
};
import dashboard from "../../lib/telemetry/grafana/dashboard.json" with {
  type: "json",
};
import providersText from "../../lib/telemetry/grafana/dashboards.yaml" with {
  type: "text",
};
import { PipelineTelemetry } from "../../lib/telemetry/pipeline_telemetry.ts";
import { readComposeFile } from "../support/compose_file.ts";

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly uid: string;
      readonly condition: string;
      readonly data: readonly {
        readonly refId: string;
        readonly datasourceUid: string;
        readonly model: { readonly expr?: string };
      }[];
    }[];
  }[];
}

const { groups } = parseYaml(alertsText) as Alerts;
const rules = groups.flatMap((group) => group.rules);
const queries = rules.flatMap(({ data }) => data);

/** Every metric and label that a run may have, by Prometheus' names. */
function served(): ReadonlySet<string> {
  const telemetry = new PipelineTelemetry();
  telemetry.producing({ topic: "demo" }).sending({
    partition: 0,
    messages: [{}],
  })();
  const consumer = telemetry.consuming({ topic: "demo", group: "audit" });
  consumer.lagging(new Map([[0, 1]]));
  const place = { topic: "demo", partition: 0, offset: "6" };
  const record = { ...place, timestamp: 1, key: null, headers: [], event: {} };
  consumer.processing([record]).ended();
  const run = { topic: "demo", table: "t", system: "sqlite" } as const;
  telemetry.storing(run).writing(1).written(1);
  const words = telemetry.prometheusText().match(/[a-z_]+(?=[{="])/g) ?? [];
  return new Set(words);
}

Deno.test("the dashboard and the alerts ask for metrics and labels that there are", () => {
  const expressions = [
    ...dashboard.panels.flatMap(({ targets }) => targets)
      .map(({ expr }) => expr),
    ...queries.flatMap(({ model }) => model.expr ?? []),
  ];
  const names = served();
  const asked = expressions.flatMap((text) =>
    text.match(/\b(?:cafe|db|messaging)_[a-z_]+/g) ?? []
  );
  assert(asked.length > 20);
  assertEquals(asked.filter((name) => !names.has(name)), []);
  const uids = dashboard.panels.map(({ datasource }) => datasource.uid);
  assertEquals([...new Set(uids)], ["prometheus"]);
});

Deno.test("there is an alert for the lag and one for dead letters, each with a condition", () => {
  assertEquals(rules.map(({ uid }) => uid), [
    "cafe-consumer-lag",
    "cafe-dead-letters",
  ]);
  for (const { condition, data } of rules) {
    assertEquals(data.map(({ refId }) => refId), ["A", condition]);
    assertEquals(
      data.map(({ datasourceUid }) => datasourceUid),
      ["prometheus", "__expr__"],
    );
  }
});

Deno.test("docker-compose.yml has Grafana in a profile, and mounts the dashboard and the alerts where it looks", () => {
  const { observability } = readComposeFile().services;
  const { profiles, ports, volumes } = observability ?? {};
  assertEquals([profiles, ports], [
    ["observability"],
    ["127.0.0.1:3000:3000", "127.0.0.1:4318:4318"],
  ]);
  const folder = "/otel-lgtm/grafana/conf/provisioning";
  const { providers: [provider] } = parseYaml(providersText) as {
    readonly providers: readonly [
      { readonly options: { readonly path: string } },
    ];
  };
  assertEquals(volumes, [
    `./lib/telemetry/grafana/dashboards.yaml:${folder}/dashboards/cafe.yaml:ro`,
    `./lib/telemetry/grafana/dashboard.json:${provider.options.path}:ro`,
    `./lib/telemetry/grafana/alerts.yaml:${folder}/alerting/cafe.yaml:ro`,
  ]);
});
