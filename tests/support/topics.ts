/**
 * What the tests put into a topic and ask of it, past the program that they test.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Message } from "kafkajs";
import type { Config } from "../../lib/settings/config.ts";
import { consume } from "../../lib/consume/consume.ts";
import { type Order, orders } from "../../lib/events/order.ts";
import { createKafka, withAdmin } from "./kafkajs.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import type { EventRecord } from "../../lib/events/record.ts";
import { EventSerializer } from "../../lib/registry/serializer.ts";
import { createTopic } from "../../lib/kafka/topic.ts";
import type { Bench } from "./integration.ts";
import { PATIENCE_MS } from "./patience.ts";

/** How many messages fit in one request, as each partition's part may have 1 MiB: those of a few hundred bytes. */
const MAX_BATCH_COUNT = 2_000;

/** A line of `--json`: as a record, with the time as text. */
export type JsonRecord = Omit<EventRecord<Order>, "timestamp" | "headers"> & {
  /** The message's timestamp in ISO 8601. */
  readonly timestamp: string;
};

/**
 * Creates the test's topic.
 *
 * @param bench The test's bench.
 * @param partitions How many partitions it has.
 * @param settings Its settings, such as `max.message.bytes`.
 */
export async function makeTopic(
  { config, topic }: Bench,
  partitions = 3,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await createTopic(config, {
    topic,
    partitions,
    replicationFactor: 1,
    // Tests give messages times of the past, which the broker would remove by their age.
    settings: { "retention.ms": "-1", ...settings },
  });
}

/**
 * Makes a valid order.
 *
 * @param changes What differs from a plain one.
 * @returns The order.
 */
export function makeOrder(changes: Partial<Order> = {}): Order {
  return {
    event_id: crypto.randomUUID(),
    customer_name: "Charlie Davis",
    drink_name: "Cold Brew",
    quantity: 2,
    amount: 10.5,
    is_member: false,
    ts_utc: "2026-02-03T02:16:55.763294+00:00",
    ...changes,
  };
}

/**
 * Sends messages as they are.
 *
 * @param config Where Kafka is.
 * @param topic The topic.
 * @param messages The messages.
 */
export async function sendRaw(
  config: Config,
  topic: string,
  messages: readonly Message[],
): Promise<void> {
  const { Partitioners } = await import("kafkajs");
  const kafka = await createKafka(config);
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    for (let at = 0; at < messages.length; at += MAX_BATCH_COUNT) {
      await producer.send({
        topic,
        messages: messages.slice(at, at + MAX_BATCH_COUNT),
      });
    }
  } finally {
    await producer.disconnect();
  }
}

/**
 * Makes message values of orders, with the schema registered for the test's topic.
 *
 * @param bench The test's bench.
 * @param events The orders.
 * @returns A value for each, in the wire format.
 */
export async function encodeOrders(
  { config, topic }: Bench,
  events: readonly Order[],
): Promise<Buffer[]> {
  const registry = await EventRegistry.connect(config);
  const serializer = await EventSerializer.connect(registry, orders, {
    topic,
    schema: "register",
  });
  return events.map((event) => Buffer.from(serializer.encode(event).value));
}

/**
 * Reads which offsets a group has committed.
 *
 * @param bench The test's bench.
 * @returns By partition: the offset of the next message to be read; partitions without one are left out.
 */
export async function committedOffsets(
  { config, topic, group }: Bench,
): Promise<Record<number, number>> {
  return await withAdmin(config, {}, async (admin) => {
    const [found] = await admin.fetchOffsets({
      groupId: group,
      topics: [topic],
    });
    return Object.fromEntries(
      (found?.partitions ?? [])
        .map(({ partition, offset }) => [partition, Number(offset)] as const)
        .filter(([, offset]) => offset >= 0),
    );
  });
}

/**
 * Parses the output of `--json`.
 *
 * @param stdout The output.
 * @returns The records, in the order of the lines.
 */
export function parseRecords(stdout: string): JsonRecord[] {
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/**
 * Reads orders of a topic from its start, in a group of its own.
 *
 * @param bench The test's bench.
 * @param count How many.
 * @returns The records as `--json` writes them, sorted by partition and offset.
 * @throws {PipelineError} If a message can't be read.
 * @throws {Error} If there are not so many in time.
 */
export async function consumeJson(
  { config, topic, group }: Bench,
  count: number,
): Promise<JsonRecord[]> {
  const records: JsonRecord[] = [];
  await consume(orders, ({ timestamp, headers: _, ...record }) => {
    records.push({ ...record, timestamp: new Date(timestamp).toISOString() });
  }, {
    config,
    topic,
    group: `${group}-${crypto.randomUUID()}`,
    count,
    onError: "stop",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (records.length < count) {
    throw new Error(`Only ${records.length} of ${count} orders came in time`);
  }
  return records.sort((a, b) =>
    a.partition - b.partition || Number(a.offset) - Number(b.offset)
  );
}
