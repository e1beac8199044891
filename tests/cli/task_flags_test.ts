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
import {
  clientOptions,
  CONFIG_FLAGS,
  TIMEOUT_FLAG,
} from "../../lib/cli/task_flags.ts";
import { DEFAULT_CONFIG } from "../../lib/settings/config.ts";

Deno.test("CONFIG_FLAGS name their defaults and variables in the help text", () => {
  const text = helpText({
    name: "x",
    summary: "",
    flags: { ...CONFIG_FLAGS, timeout: TIMEOUT_FLAG },
    examples: [],
  });
  const words = text.replace(/\s+/g, " ");
  for (
    const row of [
      "--brokers HOST:PORT,… Kafka's brokers; localhost:9092 by default (environment KAFKA_BROKERS)",
      "--registry URL the Schema Registry; http://localhost:8081 by default (environment SCHEMA_REGISTRY_URL)",
      "--timeout SECONDS how long to wait for Kafka and the registry at the start (default 30)",
    ]
  ) {
    assertStringIncludes(words, row);
  }
});

Deno.test("clientOptions() counts in milliseconds and logs only when debugging", () => {
  assertEquals(
    clientOptions({ timeout: 1.5, debug: false }, DEFAULT_CONFIG).timeoutMs,
    1_500,
  );
  assertStrictEquals(
    clientOptions({ timeout: 1, debug: false }, DEFAULT_CONFIG).log,
    undefined,
  );
  assertEquals(
    typeof clientOptions({ timeout: 1, debug: true }, DEFAULT_CONFIG).log,
    "function",
  );
});
