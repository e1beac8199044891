/**
 * A topic's name by Kafka's rule, and the hint for a topic that isn't there. What takes a broker is in the integration tests.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import { checkTopicName, missingTopic } from "../../lib/kafka/topic.ts";

Deno.test("checkTopicName() returns a legal name", () => {
  for (
    const name of [
      "demo",
      "a",
      "...",
      "a.b_c-D9",
      "-",
      "__consumer_offsets",
      "x".repeat(249),
    ]
  ) {
    assertEquals(checkTopicName(name), name);
  }
});

Deno.test("checkTopicName() refuses an illegal name, and says which and what is legal", () => {
  for (
    const name of [
      "",
      ".",
      "..",
      "two words",
      "a/b",
      "a:b",
      "a,b",
      "café",
      "demo\n",
      "demo\0",
      "x".repeat(250),
    ]
  ) {
    const error = assertThrows(() => checkTopicName(name), UsageError);
    assertEquals(error.message, `Illegal topic name: "${name}"`);
    assertEquals(
      error.hint,
      "A topic's name has 1 to 249 characters: letters, digits, dots, underscores and hyphens.",
    );
  }
});

Deno.test("missingTopic() names the topic, and the one whose name is similar", () => {
  const { message, code, details, hint } = missingTopic("demo", ["visits"]);
  assertEquals(
    [message, code, details, hint],
    [
      "Topic 'demo' does not exist",
      "topic-missing",
      { topic: "demo" },
      undefined,
    ],
  );
  assertEquals(
    missingTopic("dmeo", ["visits", "demo"]).hint,
    "Did you mean 'demo'?",
  );
});
