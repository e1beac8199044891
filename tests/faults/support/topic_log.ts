/**
 * What is really in a topic, read past the program that is tested.
 *
 * @module
 */

import type { EachBatchPayload, KafkaMessage } from "kafkajs";
import type { Config } from "../../../lib/settings/config.ts";
import type { Bench } from "../../support/integration.ts";
import { createKafka, withAdmin } from "../../support/kafkajs.ts";
import { HEADER_LENGTH } from "../../../lib/events/wire_format.ts";
import { PATIENCE_MS } from "../../support/patience.ts";

/** A message and where it is. */
export type LoggedMessage = KafkaMessage & { readonly partition: number };

/**
 * Reads where a topic's partitions end.
 *
 * @param config Where Kafka is.
 * @param topic The topic.
 * @returns By partition, the offset behind the last message.
 */
export async function topicEnds(
  config: Config,
  topic: string,
): Promise<Record<number, number>> {
  return await withAdmin(
    config,
    {},
    async (admin) =>
      Object.fromEntries(
        (await admin.fetchTopicOffsets(topic))
          .map(({ partition, high }) => [partition, Number(high)]),
      ),
  );
}

/**
 * Reads a whole topic.
 *
 * @param config Where Kafka is.
 * @param topic The topic.
 * @returns Its messages, each partition's in order.
 * @throws {Error} If it takes too long.
 */
export async function readLog(
  config: Config,
  topic: string,
): Promise<LoggedMessage[]> {
  const ends = new Map(
    Object.entries(await topicEnds(config, topic))
      .filter(([, end]) => end > 0)
      .map(([partition, end]) => [Number(partition), end]),
  );
  if (ends.size === 0) return [];
  const messages: LoggedMessage[] = [];
  const done = Promise.withResolvers<void>();
  const kafka = await createKafka(config);
  const consumer = kafka.consumer({ groupId: `log-${crypto.randomUUID()}` });
  const eachBatch = ({ batch }: EachBatchPayload): Promise<void> => {
    const { partition } = batch;
    for (const message of batch.messages) {
      messages.push({ ...message, partition });
    }
    const end = ends.get(partition);
    if (end !== undefined && Number(batch.lastOffset()) + 1 >= end) {
      ends.delete(partition);
      if (ends.size === 0) done.resolve();
    }
    return Promise.resolve();
  };
  const timer = setTimeout(
    () => done.reject(new Error(`Reading ${topic} took too long`)),
    PATIENCE_MS,
  );
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch });
    await done.promise;
    return messages;
  } finally {
    clearTimeout(timer);
    await consumer.disconnect();
  }
}

/** Kafka's own topic, which keeps every commit until it is cleaned up, when a segment of 100 MiB is full. */
const OFFSETS_TOPIC = "__consumer_offsets";

/** An offset that a group has committed. */
export interface Commit {
  /** Whose it is. */
  readonly partition: number;
  /** The offset of the next message to be read. */
  readonly next: number;
}

/** Splits a value of Kafka's own topics into its first fields. */
class Fields {
  readonly #view: DataView;
  #at = 0;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  short(): number {
    return this.#view.getInt16((this.#at += 2) - 2);
  }

  int(): number {
    return this.#view.getInt32((this.#at += 4) - 4);
  }

  long(): number {
    return Number(this.#view.getBigInt64((this.#at += 8) - 8));
  }

  text(): string {
    const length = this.short();
    const { buffer, byteOffset } = this.#view;
    const start = byteOffset + this.#at;
    this.#at += length;
    return new TextDecoder().decode(new Uint8Array(buffer, start, length));
  }
}

/**
 * Reads all commits of a group, in their order, out of what the coordinator keeps.
 *
 * @param bench Where Kafka is, the group and the topic.
 * @returns The commits.
 */
export async function readCommits(
  { config, topic, group }: Bench,
): Promise<Commit[]> {
  const commits: Commit[] = [];
  for (const { key, value } of await readLog(config, OFFSETS_TOPIC)) {
    if (!key || !value) continue;
    const place = new Fields(key);
    // The other kind of key is that of the group's members.
    if (place.short() > 1 || place.text() !== group) continue;
    if (place.text() !== topic) continue;
    const offset = new Fields(value);
    offset.short();
    commits.push({ partition: place.int(), next: offset.long() });
  }
  return commits;
}

/**
 * Reads the id of the order in a message.
 *
 * @param message The message; it holds an order.
 * @returns The id.
 */
export function eventIdOf({ value }: KafkaMessage): string {
  const json = new TextDecoder().decode(value?.subarray(HEADER_LENGTH));
  return JSON.parse(json).event_id;
}

/**
 * Reads which producer wrote a message.
 *
 * @param message The message.
 * @returns The id that the broker gave the producer; -1 where it gave none.
 */
export function producerIdOf(message: KafkaMessage): string {
  const { batchContext } = message as unknown as {
    readonly batchContext: { readonly producerId: string };
  };
  return batchContext.producerId;
}

/**
 * Names a place in a topic.
 *
 * @param message What is there.
 * @returns The name.
 */
export function placeOf(
  { partition, offset }: { partition: number; offset: string },
): string {
  return `${partition}:${offset}`;
}
