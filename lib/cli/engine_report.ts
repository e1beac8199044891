/**
 * What `deno task up` and `deno task down` print.
 *
 * @module
 */

import { counted } from "../base/plural.ts";
import type { StartResult } from "../engine/local.ts";
import type { RunningEngine, StopResult } from "../engine/mod.ts";

/** Writes where an engine is and how to stop it. */
export function describeEngine(engine: RunningEngine): string {
  const { brokers, registryUrl, registryApi, logs, uiUrl, result } = engine;
  const heads: Record<StartResult, string> = {
    started: "Kafka and the registry are running.",
    repaired:
      "Kafka and the registry are running; one of them was down and was started again.",
    running: "Kafka and the registry are running already.",
  };
  const { brokersCount, brokersWanted } = engine;
  const usualRegistry = registryUrl === "http://localhost:8081";
  const usual = brokers === "localhost:9092" && usualRegistry;
  const allowed = brokers.startsWith("localhost:9092,localhost:9093") &&
    usualRegistry;
  return [
    heads[result],
    ...(engine.asAsked ? [] : [
      "Their ports are not those asked for: to change them, stop them first.",
    ]),
    ...(brokersWanted === undefined ? [] : [
      `It has ${
        counted(brokersCount, "broker")
      }, not ${brokersWanted}: the other number needs \`deno task down --wipe\` first, which removes the data.`,
    ]),
    `  Brokers:  ${brokers}`,
    `  Registry: ${registryUrl} (${registryApi})`,
    ...(uiUrl === undefined ? [] : [`  Kafka UI: ${uiUrl}`]),
    `  Logs:     ${logs}`,
    "  Stop:     deno task down",
    ...(!allowed ? [] : [
      "The other tasks find them, also while one broker is down, with:",
      `  --brokers ${brokers}`,
      "Topics that survive a broker: deno task topic --replication-factor 3",
    ]),
    ...(usual || allowed ? [] : [
      "The other tasks find them with these flags, once the net list of `pipeline` in deno.json has all addresses:",
      `  --brokers ${brokers} --registry ${registryUrl}`,
    ]),
  ].join("\n");
}

const LIST = new Intl.ListFormat("en-GB", { type: "conjunction" });

/** Writes what a stop did, in one line. */
export function describeStop({ stopped, wiped }: StopResult): string {
  const done = stopped.length > 0
    ? `Stopped ${LIST.format(stopped)}.`
    : "Nothing was running.";
  return wiped
    ? `${done} The data is removed.`
    : `${done}${stopped.length > 0 ? " The data is kept." : ""}`;
}
