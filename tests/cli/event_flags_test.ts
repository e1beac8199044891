/**
 * Which topics are refused for events.
 *
 * @module
 */

import { checkEventTopic } from "../../lib/cli/event_flags.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";

Deno.test("checkEventTopic() returns the name when the topic is for events", () => {
  for (const topic of ["demo", "_demo", "demo.dlq.v2", "dlq"]) {
    assertEquals(checkEventTopic(topic), topic);
  }
});

Deno.test("checkEventTopic() throws UsageError when the topic is not for events", () => {
  const refusalOf = (topic: string) => {
    const { message, hint } = assertThrows(
      () => checkEventTopic(topic),
      UsageError,
    );
    return [message, hint];
  };
  assertEquals(refusalOf("__consumer_offsets"), [
    "Topic '__consumer_offsets' is internal to Kafka",
    undefined,
  ]);
  assertEquals(refusalOf("demo.dlq"), [
    "Topic 'demo.dlq' is for dead letters",
    "Use `deno task dlq --topic demo` to read them.",
  ]);
  assertEquals(refusalOf(".dlq"), [
    "Topic '.dlq' is for dead letters",
    undefined,
  ]);
  assertEquals(refusalOf("two words")[0], 'Illegal topic name: "two words"');
});
