/**
 * `@platformatic/kafka` at its best: batches of a thousand with several requests on their way, and one commit under way at a
 * time, which covers all that was processed before it.
 *
 * @module
 */

import { Consumer, Producer } from "@platformatic/kafka";
import { readRequest, sendAll, Work } from "./client.ts";

const request = readRequest();
const { topic, group } = request;
const base = { clientId: "bench", bootstrapBrokers: [...request.brokers] };

async function produce(): Promise<void> {
  const producer = new Producer({ ...base, autocreateTopics: false });
  await sendAll(request, (orders) =>
    producer.send({
      acks: 1,
      messages: orders.map((order) => ({
        ...order,
        topic,
        timestamp: BigInt(order.timestamp),
      })),
    }), 5);
  await producer.close();
}

async function consume(): Promise<void> {
  const consumer = new Consumer({
    ...base,
    groupId: group,
    autocommit: false,
    maxWaitTime: 500,
  });
  const positions = new Map<number, { offset: bigint; leaderEpoch: number }>();
  const commit = async () => {
    while (positions.size > 0) {
      const offsets = [...positions].map(([partition, position]) => ({
        topic,
        partition,
        ...position,
      }));
      positions.clear();
      await consumer.commit({ offsets });
    }
  };
  const work = new Work(request);
  const stream = await consumer.consume({
    topics: [topic],
    mode: "committed",
    fallbackMode: "earliest",
  });
  Deno.addSignalListener("SIGTERM", () => Deno.exit());
  let committing: Promise<void> | undefined;
  for await (const message of stream) {
    const { partition, offset, leaderEpoch, key, value, timestamp } = message;
    work.process({
      partition,
      offset: String(offset),
      timestamp: Number(timestamp),
      key,
      value,
    });
    positions.set(partition, { offset: offset + 1n, leaderEpoch });
    committing ??= commit().finally(() => committing = undefined);
    if (work.done) break;
  }
  await committing;
  await commit();
  await consumer.close(true);
  work.report();
}

await (request.do === "produce" ? produce() : consume());
Deno.exit();
