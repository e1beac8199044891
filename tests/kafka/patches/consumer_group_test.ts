/**
 * A member of a group, from one generation to the next.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { loadKafkajsFile } from "../../../lib/kafka/patches/load.ts";

const PLACE = { topic: "demo", partition: 0 };

interface ConsumerGroup {
  generationId: number | null;
  fetch(nodeId: string): Promise<unknown>;
  hasSeekOffset(place: typeof PLACE): boolean;
  joinAndSync(): Promise<void>;
  recoverFromFetch(error: unknown): Promise<void>;
  seek(to: typeof PLACE & { readonly offset: string }): void;
}

interface Bench {
  readonly group: ConsumerGroup;
  readonly generations: readonly number[];
  readonly refreshes: readonly number[];
}

/** A log that nobody reads. */
const logger = { namespace: () => logger, debug() {}, info() {}, warn() {} };

/** Makes a member of a group whose coordinator can't be found. */
async function bench(): Promise<Bench> {
  const ConsumerGroup = await loadKafkajsFile<
    new (options: object) => ConsumerGroup
  >("src/consumer/consumerGroup.js");
  const generations: number[] = [];
  const refreshes: number[] = [];
  const group = new ConsumerGroup({
    logger,
    topics: [PLACE.topic],
    assigners: [],
    retry: { retries: 0, generation: (id: number) => generations.push(id) },
    cluster: {
      findGroupCoordinator: () => Promise.reject(new Error("No coordinator")),
      refreshMetadata: () => Promise.resolve(void refreshes.push(1)),
    },
  });
  return { group, generations, refreshes };
}

const failure = (type: string) => Object.assign(new Error(type), { type });

Deno.test("patchConsumerGroup() forgets in a new generation what was sought in the one before", async () => {
  const { group, generations } = await bench();
  group.seek({ ...PLACE, offset: "5" });
  assertEquals(group.hasSeekOffset(PLACE), true);
  group.generationId = 2;
  assertEquals(group.hasSeekOffset(PLACE), false);
  assertEquals(generations, [2]);
});

Deno.test("patchConsumerGroup() has kafkajs join again in place of a fetch after a join that failed half-way", async () => {
  const { group } = await bench();
  await assertRejects(() => group.joinAndSync(), Error, "No coordinator");
  const error = await assertRejects(() => group.fetch("1"), Error);
  assertEquals("type" in error && error.type, "REBALANCE_IN_PROGRESS");
});

Deno.test("patchConsumerGroup() joins again for a topic that has changed, once no fetch is under way, and only looks for the leader of one that has moved", async () => {
  const { group, refreshes } = await bench();
  // A join would fail: there is no coordinator.
  await group.recoverFromFetch(failure("NOT_LEADER_FOR_PARTITION"));
  assertEquals(refreshes.length, 1);
  const timeout = Object.assign(new Error("No answer"), {
    name: "KafkaJSRequestTimeoutError",
  });
  await assertRejects(
    () => group.recoverFromFetch(timeout),
    Error,
    "No answer",
  );
  assertEquals(refreshes.length, 2);
  for (
    const change of [
      failure("UNKNOWN_TOPIC_OR_PARTITION"),
      Object.assign(new Error("New partitions"), {
        name: "KafkaJSStaleTopicMetadataAssignment",
      }),
    ]
  ) {
    const error = await assertRejects(
      () => group.recoverFromFetch(change),
      Error,
    );
    assertEquals("type" in error && error.type, "REBALANCE_IN_PROGRESS");
  }
});
