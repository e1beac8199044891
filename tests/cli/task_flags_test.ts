/**
 * Tests of the flags that the pipeline's tasks share.
 *
 * @module
 */

import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { helpText } from "../../lib/cli/command.ts";
import { CONNECTION_FLAGS, connectionFrom } from "../../lib/cli/task_flags.ts";

Deno.test("CONNECTION_FLAGS name their defaults and variables in the help text", () => {
  const text = helpText({
    name: "x",
    summary: "",
    flags: CONNECTION_FLAGS,
    examples: [],
  });
  const words = text.replace(/\s+/g, " ");
  for (
    const row of [
      "--brokers HOST:PORT,… Kafka's brokers; localhost:9092 by default (environment KAFKA_BROKERS)",
      "--registry URL the Schema Registry; http://localhost:8081 by default (environment SCHEMA_REGISTRY_URL)",
      "--timeout SECONDS how long to wait at the start for what is away (default 30)",
    ]
  ) {
    assertStringIncludes(words, row);
  }
});

Deno.test("connectionFrom() counts in milliseconds and logs only when debugging", () => {
  const flags = { brokers: "localhost:1", registry: "http://localhost:2" };
  assertEquals(
    connectionFrom({ ...flags, timeout: 1.5, debug: false }).timeoutMs,
    1_500,
  );
  assertStrictEquals(
    connectionFrom({ ...flags, timeout: 1, debug: false }).log,
    undefined,
  );
  assertEquals(
    typeof connectionFrom({ ...flags, timeout: 1, debug: true }).log,
    "function",
  );
});
