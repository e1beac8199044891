/**
 * What README.md shows: its programs are taken from it and run.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { load as parseYaml } from "js-yaml";
import denoJson from "../deno.json" with { type: "json" };
import { checkoutFolder } from "../lib/engine/paths.ts";
import { PipelineTelemetry } from "../lib/telemetry/pipeline_telemetry.ts";
import { serveMetrics } from "../lib/telemetry/server.ts";
import { permittedTest } from "./support/permissions.ts";
import { README_MANIFEST, readmePrograms } from "./support/readme_programs.ts";
import { runDeno } from "./support/run_deno.ts";

permittedTest(
  "the event of README.md's own, and its test without a broker, run as they are printed; without Kafka it says so in one line",
  [
    { name: "read" },
    { name: "write", path: "/tmp" },
    { name: "run", command: "deno" },
  ],
  async () => {
    const found = await readmePrograms();
    assertEquals(Object.keys(found), ["visits.ts", "visits_test.ts"]);
    const folder = await Deno.makeTempDir();
    try {
      const files = { ...found, "deno.json": JSON.stringify(README_MANIFEST) };
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      const tested = await runDeno(folder, [
        "test",
        "-q",
        // The types are those of a project elsewhere: see mod_integration_test.ts.
        "--no-check",
        "--no-prompt",
        "visits_test.ts",
      ]);
      assertEquals(tested.code, 0, tested.stdout + tested.stderr);
      assertMatch(tested.stdout, /1 passed/);
      const denied = ["--no-prompt", "--allow-sys=hostname", "--ignore-env"];
      assertEquals(
        await runDeno(folder, ["run", "-q", ...denied, "visits.ts"]),
        {
          code: 1,
          stdout: "",
          stderr: "No permission to reach localhost:9092 \n",
        },
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

permittedTest(
  "README.md's manifest asks the paths that there are, at the port that it serves, with flags that there are",
  [{ name: "read" }, { name: "net", host: "127.0.0.1" }],
  async () => {
    const text = await Deno.readTextFile(`${checkoutFolder()}/README.md`);
    const [, manifest = ""] = /^```yaml\n([^]*?)^```$/m.exec(text) ?? [];
    const { spec } = parseYaml(manifest) as {
      readonly spec: {
        readonly template: {
          readonly spec: {
            readonly containers: readonly [{
              readonly args: readonly string[];
              readonly env: readonly { readonly name: string }[];
              readonly ports: readonly [{ readonly containerPort: number }];
              readonly livenessProbe: Probe;
              readonly readinessProbe: Probe;
            }];
          };
        };
      };
    };
    const [container] = spec.template.spec.containers;
    const { args, env, ports, livenessProbe, readinessProbe } = container;
    const [{ containerPort: port }] = ports;
    assertEquals(args.slice(1), [
      "tasks/store.ts",
      `--metrics-port=${port}`,
      "--metrics-host=0.0.0.0",
    ]);
    assertEquals(args[0]?.endsWith(`,0.0.0.0:${port}`), true);
    const allowed: readonly string[] = denoJson.permissions.store.env.allow;
    assertEquals(
      env.map(({ name }) => name).filter((name) => !allowed.includes(name)),
      ["OTEL_DENO_CONSOLE"],
    );
    await using server = serveMetrics(new PipelineTelemetry(), { port: 0 });
    const answers = [livenessProbe, readinessProbe].map(({ httpGet }) =>
      fetch(`http://127.0.0.1:${server.port}${httpGet.path}`)
    );
    assertEquals(
      await Promise.all(answers.map(async (answer) => (await answer).text())),
      ["ok\n", "not ready\n"],
    );
  },
);

interface Probe {
  readonly httpGet: { readonly path: string };
}
