/**
 * What the tests leave out of a task's output, and what they must not.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { withoutHoldUps } from "./captured_output.ts";

const KAFKA = "Waiting for Kafka at localhost:1: Not now...\n";
const NO_LONGER = "No longer waiting for Kafka.\n";
const REGISTRY = "The Schema Registry does not answer. Waiting for it...\n";
const START = "Waiting for Kafka at localhost:1 (up to 30 s)...\n";
const OTHER = "Can't read message demo [0] offset=1: no\n";
const UNREACHABLE = "Error: Connecting failed\n";
const MISSING = "Error: Topic 'demo' does not exist\n";

Deno.test("withoutHoldUps() removes the waits that have ended, and how far a run is", () => {
  for (
    const [text, rest] of [
      [KAFKA + NO_LONGER, ""],
      [KAFKA + OTHER + NO_LONGER + KAFKA + NO_LONGER, OTHER],
      [
        REGISTRY + KAFKA + NO_LONGER +
        "No longer waiting for the Schema Registry.\n",
        "",
      ],
      [START, ""],
      [START + OTHER, OTHER],
      [START + MISSING, MISSING],
      ["Delivered 5 events (1/s).\n" + OTHER, OTHER],
    ] as const
  ) assertEquals(withoutHoldUps(text), rest);
});

Deno.test("withoutHoldUps() leaves a wait that has not ended, or in an error, one that is announced twice, and an end without a beginning", () => {
  for (
    const text of [
      KAFKA,
      REGISTRY + NO_LONGER,
      KAFKA + OTHER + UNREACHABLE,
      START + UNREACHABLE,
      NO_LONGER + KAFKA,
      "Delivered 5 events in 5.0 s (1/s).\n",
    ]
  ) assertEquals(withoutHoldUps(text), text);
  assertEquals(withoutHoldUps(KAFKA + KAFKA + NO_LONGER), KAFKA);
});
