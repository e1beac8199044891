/**
 * What is said of an engine.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describeEngine, describeStop } from "../../lib/cli/engine_report.ts";
import type { RunningEngine } from "../../lib/engine/mod.ts";

const ENGINE: RunningEngine = {
  result: "started",
  brokers: "localhost:9092",
  registryUrl: "http://localhost:8081",
  registryApi: "Confluent's",
  logs: ".engine/logs",
  brokersCount: 1,
  asAsked: true,
};

Deno.test("describeEngine() says where the engine is and how it is stopped", () => {
  const text = describeEngine(ENGINE);
  assertStringIncludes(text, "localhost:9092");
  assertStringIncludes(text, "http://localhost:8081 (Confluent's)");
  assertStringIncludes(text, ".engine/logs");
  assertStringIncludes(text, "deno task down");
  assert(!text.includes("--brokers"));
});

Deno.test("describeEngine() has the address of Kafka UI when there is one", () => {
  const uiUrl = "http://localhost:8080";
  assertStringIncludes(describeEngine({ ...ENGINE, uiUrl }), uiUrl);
  assert(!describeEngine(ENGINE).includes("Kafka UI"));
});

Deno.test("describeEngine() names the flags and the permission when the ports are not the usual ones", () => {
  const text = describeEngine({ ...ENGINE, brokers: "localhost:19092" });
  assertStringIncludes(
    text,
    "--brokers localhost:19092 --registry http://localhost:8081",
  );
  assertStringIncludes(text, "`pipeline` in deno.json");
});

Deno.test("describeEngine() says that it runs already, and on other ports than those asked for", () => {
  const text = describeEngine({
    ...ENGINE,
    result: "running",
    asAsked: false,
  });
  assertStringIncludes(text, "running already");
  assertStringIncludes(text, "not those asked for");
});

Deno.test("describeEngine() names every broker of a cluster, and says so when it has another number than was asked for", () => {
  const brokers = "localhost:9092,localhost:9093,localhost:9094";
  const text = describeEngine({
    ...ENGINE,
    result: "running",
    brokers,
    brokersCount: 3,
    brokersWanted: 1,
  });
  assertStringIncludes(text, `--brokers ${brokers}\n`);
  assertStringIncludes(text, "It has 3 brokers, not 1");
  assertStringIncludes(
    describeEngine({ ...ENGINE, brokersWanted: 3 }),
    "It has 1 broker, not 3",
  );
  assertStringIncludes(text, "--replication-factor 3");
  assert(!text.includes("deno.json"));
});

Deno.test("describeStop() says what was stopped and what became of the data", () => {
  const stopped = ["Kafka", "Apicurio"];
  assertEquals(
    describeStop({ stopped, wiped: false }),
    "Stopped Kafka and Apicurio. The data is kept.",
  );
  assertEquals(
    describeStop({ stopped, wiped: true }),
    "Stopped Kafka and Apicurio. The data is removed.",
  );
  assertEquals(
    describeStop({ stopped: [], wiped: false }),
    "Nothing was running.",
  );
});
