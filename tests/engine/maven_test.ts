/**
 * Maven's output, read for progress, and the line that shows it.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  downloadError,
  KAFKA,
  KAFKA_VERSION,
  kafkaProgram,
  TransferMeter,
} from "../../lib/engine/maven.ts";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { processIdentity } from "../../lib/engine/shell.ts";
import { eventually } from "../support/eventually.ts";
import { shellTest } from "../support/local_engine.ts";
import { PATIENCE_MS } from "../support/patience.ts";

Deno.test("TransferMeter adds what has come and what is coming", () => {
  const meter = new TransferMeter();
  meter.read("Downloading from central: https://example.org/a.jar");
  assertEquals(meter.bytes, 0);
  meter.read("Progress (2): 1.5/3.4 MB | 200/300 kB");
  assertEquals(meter.bytes, 1_700_000);
  meter.read("Progress (1): 3.4 MB    ");
  assertEquals(meter.bytes, 3_400_000);
  meter.read(
    "Downloaded from central: https://example.org/a.jar (3.4 MB at 1.0 MB/s)",
  );
  assertEquals(meter.bytes, 3_400_000);
  meter.read("[INFO] BUILD SUCCESS");
  assertEquals(meter.bytes, 3_400_000);
});

Deno.test("downloadError() says what could not be downloaded, from where, and why", () => {
  const { message, hint = "" } = downloadError(KAFKA, {
    problem:
      "[ERROR] Failed to execute goal: Could not transfer artifact a:b:pom:1 from/to mine (https://maven.example.org/m2): transfer failed: Connection refused -> [Help 1]",
    logFile: "/x/maven.log",
  });
  assertEquals(
    message,
    `Could not download Kafka ${KAFKA_VERSION} (org.apache.kafka:kafka_2.13:${KAFKA_VERSION}) from mine (https://maven.example.org/m2)`,
  );
  assertStringIncludes(hint, "Connection refused");
  assertStringIncludes(hint, "/x/maven.log");
});

Deno.test("downloadError() names no server when Maven names none", () => {
  const { message } = downloadError(KAFKA, { problem: "", logFile: "log" });
  assert(message.endsWith(`kafka_2.13:${KAFKA_VERSION})`), message);
});

const CALLER = `
import { runMaven, KAFKA } from "./lib/engine/maven.ts";
const [folder] = Deno.args;
const stop = new AbortController();
try {
  await runMaven(KAFKA, { folder, logFile: folder + ".log", onBytes: () => stop.abort(), signal: stop.signal });
} catch (error) {
  console.log(error.name);
}`;

/** Writes down how it was called, and never ends by itself. */
const FAKE_MAVEN = `#!/bin/sh
echo $$ >"$0.pid"
echo "$*" >"$0.args"
env >"$0.env"
ls -A "$(dirname "$2")" >"$0.files"
echo started
exec sleep 60
`;

shellTest(
  "runMaven() has checksums checked, keeps secrets and options of other folders away, and ends Maven on a stop",
  async (folder) => {
    await Deno.writeTextFile(`${folder}/mvn`, FAKE_MAVEN, { mode: 0o755 });
    const project = `${folder}/project`;
    await Deno.mkdir(project);
    const { stdout, stderr } = await new Deno.Command("deno", {
      args: ["eval", "-q", "--ext=ts", CALLER, project],
      cwd: checkoutFolder(),
      env: {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        MAVEN_OPTS: "-Dkept=1",
        SECRET_OF_THE_SHELL: "x",
      },
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).output();
    const text = new TextDecoder();
    assertEquals(
      text.decode(stdout),
      "StoppedError\n",
      text.decode(stderr),
    );
    const written = (what: string) =>
      Deno.readTextFile(`${folder}/mvn.${what}`);
    assertStringIncludes(await written("args"), "--strict-checksums");
    assertEquals((await written("files")).trim().split("\n"), [
      ".mvn",
      "pom.xml",
    ]);
    assertStringIncludes(
      await written("env"),
      "MAVEN_OPTS=-XX:TieredStopAtLevel=1 -Dkept=1",
    );
    assert(!(await written("env")).includes("SECRET_OF_THE_SHELL"));
    const pid = Number(await written("pid"));
    await eventually(
      "Maven has ended",
      async () => await processIdentity(pid) === undefined,
    );
  },
);

Deno.test("kafkaProgram() asks Maven for the version that messages name", () => {
  const { title, pom } = kafkaProgram("3.9.2");
  assertEquals(title, "Kafka 3.9.2");
  assertStringIncludes(pom, "<version>3.9.2</version>");
});
