/**
 * kafkajs as its documentation shows it: batches of a thousand, and a commit after each batch that was fetched.
 *
 * @module
 */

import { Kafka, logLevel } from "kafkajs";
import { readRequest, sendAll, Work } from "./client.ts";

const request = readRequest();
const { topic, group } = request;
const kafka = new Kafka({
  brokers: [...request.brokers],
  logLevel: logLevel.ERROR,
});

async function produce(): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await sendAll(request, (orders) =>
    producer.send({
      topic,
      acks: 1,
      messages: orders.map((order) => ({
        ...order,
        timestamp: String(order.timestamp),
      })),
    }), 3);
  await producer.disconnect();
}

async function consume(): Promise<void> {
  const consumer = kafka.consumer({
    groupId: group,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 500,
  });
  const work = new Work(request);
  const done = Promise.withResolvers<void>();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch, resolveOffset }) {
      const { partition, messages } = batch;
      for (const message of messages) {
        const timestamp = Number(message.timestamp);
        work.process({ ...message, partition, timestamp });
        resolveOffset(message.offset);
      }
      const offset = String(BigInt(batch.lastOffset()) + 1n);
      await consumer.commitOffsets([{ topic, partition, offset }]);
      if (work.done) done.resolve();
    },
  });
  Deno.addSignalListener("SIGTERM", done.resolve);
  await done.promise;
  await consumer.disconnect();
  work.report();
}

await (request.do === "produce" ? produce() : consume());
Deno.exit();
