/**
 * The wait for a topic that was just created, without a broker.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Admin } from "../../lib/kafka/admin.ts";

/** What kafkajs throws for a broker's answer. */
class ProtocolError extends Error {
  constructor(readonly type: string) {
    super(type);
  }
}

/** Creates a topic whose metadata are refused by these codes at first. Returns how often they were asked for. */
async function create(codes: readonly string[]): Promise<number> {
  let asked = 0;
  const admin = {
    createTopics: () => Promise.resolve(true),
    fetchTopicMetadata() {
      const type = codes[asked++];
      return type ? Promise.reject(new ProtocolError(type)) : Promise.resolve();
    },
    fetchTopicOffsets: () =>
      Promise.resolve([{ partition: 0, low: "0", high: "0" }]),
  };
  const made = new Admin({ admin: () => admin } as never);
  await made.createTopic({
    topic: "demo",
    partitions: 1,
    replicationFactor: 1,
  });
  return asked;
}

Deno.test("createTopic() asks again when a broker does not know the topic or a leader yet", async () => {
  const codes = [
    "UNKNOWN_TOPIC_OR_PARTITION",
    "LEADER_NOT_AVAILABLE",
    "NOT_LEADER_FOR_PARTITION",
  ];
  assertEquals(await create(codes), 4);
});

Deno.test("createTopic() throws every other failure", async () => {
  await assertRejects(
    () => create(["TOPIC_AUTHORIZATION_FAILED"]),
    ProtocolError,
    "TOPIC_AUTHORIZATION_FAILED",
  );
});
