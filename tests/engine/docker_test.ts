/**
 * What Docker is asked to do. No Docker is needed: a stand-in for its command records how it is called.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseJavaVersion } from "../../lib/engine/choose.ts";
import { composeOverride } from "../support/throwaway_engine.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { shellTest } from "../support/local_engine.ts";

Deno.test("composeOverride() gives containers and network names of their own", () => {
  const { services, networks } = JSON.parse(composeOverride("p1"));
  assertEquals(services["broker"].container_name, "p1-broker");
  assertEquals(
    services["schema-registry"].container_name,
    "p1-schema-registry",
  );
  assertEquals(networks["kafka-network"].name, "p1");
});

Deno.test("parseJavaVersion() reads old and new versions", () => {
  assertEquals(parseJavaVersion('openjdk version "17.0.15" 2025-04-15'), 17);
  assertEquals(parseJavaVersion('openjdk version "21" 2023-09-19'), 21);
  assertEquals(parseJavaVersion('java version "1.8.0_402"'), 8);
  assertEquals(parseJavaVersion("sh: java: not found"), undefined);
});

const CALLER = `
import { DockerEngine, dockerProblem } from "./lib/engine/docker.ts";
const engine = new DockerEngine({ kafkaPort: 19092, registryPort: 18081 });
console.log(JSON.stringify([await dockerProblem() ?? "fine", await engine.running()]));
await engine.stop();
await engine.wipe();
try { await new DockerEngine({ project: "broken", overrides: ["/tmp/o.json"] }).stop(); }
catch (error) { console.log(JSON.stringify([error.message, error.hint])); }`;

const FAKE_DOCKER = `#!/bin/sh
echo "$KAFKA_PORT $SCHEMA_REGISTRY_PORT $*" >>"$0.calls"
case "$*" in
  *broken*) echo "Error response from daemon: no" >&2; exit 1 ;;
  *" ps "*) printf 'broker\\nschema-registry\\n' ;;
esac
`;

shellTest(
  "DockerEngine asks docker compose with the ports in the environment, and passes on what Docker refuses",
  async (folder) => {
    await Deno.writeTextFile(`${folder}/docker`, FAKE_DOCKER, { mode: 0o755 });
    const caller = new Deno.Command("sh", {
      args: [
        "-c",
        'PATH="$1:$PATH" exec deno run -q --no-prompt --allow-run=docker --allow-env --allow-read --ext=ts -',
        "sh",
        folder,
      ],
      cwd: checkoutFolder(),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stdin = caller.stdin.getWriter();
    await stdin.write(new TextEncoder().encode(CALLER));
    await stdin.close();
    const { stdout, stderr } = await caller.output();
    const decoder = new TextDecoder();
    const [asked, refused] = decoder.decode(stdout).trim().split("\n");
    assertEquals(
      asked,
      '["fine",["broker","schema-registry"]]',
      decoder.decode(stderr),
    );
    const [message, hint] = JSON.parse(refused ?? "[]");
    assertEquals(message, "docker compose down failed");
    assertStringIncludes(hint, "Error response from daemon: no");
    const calls = (await Deno.readTextFile(`${folder}/docker.calls`)).trim()
      .replaceAll(`--file ${checkoutFolder()}/docker-compose.yml`, "FILE")
      .split("\n");
    assertEquals(calls.slice(0, 2).map((call) => call.trim()).sort(), [
      "compose version",
      "version --format {{.Server.Version}}",
    ]);
    assertEquals(calls.slice(2), [
      "19092 18081 compose FILE ps --status running --services",
      "19092 18081 compose FILE down",
      "19092 18081 compose FILE down -v",
      "9092 8081 compose FILE --file /tmp/o.json --project-name broken down",
    ]);
  },
);
