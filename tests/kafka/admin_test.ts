/**
 * The wait for a topic that was just created, without a broker.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { untilTopicKnown } from "../../lib/kafka/admin.ts";

/** What kafkajs throws for a broker's answer. */
class ProtocolError extends Error {
  constructor(readonly type: string) {
    super(type);
  }
}

Deno.test("untilTopicKnown() asks again when a broker does not know the topic or a leader yet", async () => {
  const answers = [
    "UNKNOWN_TOPIC_OR_PARTITION",
    "LEADER_NOT_AVAILABLE",
    "NOT_LEADER_FOR_PARTITION",
  ];
  let asked = 0;
  await untilTopicKnown(() => {
    const type = answers[asked++];
    return type ? Promise.reject(new ProtocolError(type)) : Promise.resolve();
  });
  assertEquals(asked, 4);
});

Deno.test("untilTopicKnown() throws every other failure immediately", async () => {
  let asked = 0;
  await assertRejects(
    () => {
      asked++;
      return untilTopicKnown(() =>
        Promise.reject(new ProtocolError("TOPIC_AUTHORIZATION_FAILED"))
      );
    },
    ProtocolError,
    "TOPIC_AUTHORIZATION_FAILED",
  );
  assertEquals(asked, 1);
});
