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
  POM,
  TransferMeter,
} from "../../lib/engine/maven.ts";
import { progressLine } from "../../lib/engine/progress.ts";

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
    `Could not download Apache Kafka ${KAFKA_VERSION} (org.apache.kafka:kafka_2.13:${KAFKA_VERSION}) from mine (https://maven.example.org/m2)`,
  );
  assertStringIncludes(hint, "Connection refused");
  assertStringIncludes(hint, "/x/maven.log");
});

Deno.test("downloadError() names no server when Maven names none", () => {
  const { message } = downloadError(KAFKA, { problem: "", logFile: "log" });
  assert(message.endsWith(`kafka_2.13:${KAFKA_VERSION})`), message);
});

Deno.test("POM asks for the version of Kafka that messages name", () => {
  assertStringIncludes(POM, `<version>${KAFKA_VERSION}</version>`);
});

function recorder(terminal: boolean) {
  const written: string[] = [];
  return {
    written,
    isTerminal: () => terminal,
    writeSync(bytes: Uint8Array) {
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  };
}

Deno.test("progressLine() rewrites its line on a terminal", () => {
  const stream = recorder(true);
  const progress = progressLine(stream);
  progress.update("1 MB");
  progress.end();
  assertEquals(stream.written, ["\r1 MB", "\n"]);
});

Deno.test("progressLine() is silent at first when there is no terminal", () => {
  const stream = recorder(false);
  const progress = progressLine(stream);
  progress.update("1 MB");
  progress.end();
  assertEquals(stream.written, []);
});
