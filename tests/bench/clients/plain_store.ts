/**
 * A plain script that stores orders, as one writes it in an hour: a statement for each order, a transaction for each thousand, no
 * aggregates, and offsets in Kafka alone. A crash between the two counts orders twice, or not at all.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { Kafka, type KafkaMessage, logLevel } from "kafkajs";
import postgres from "postgres";
import type { Order } from "../../../lib/events/order.ts";
import { BATCH, readRequest, Work } from "./client.ts";

const request = readRequest();
const { topic, group, database = "" } = request;
const CREATE =
  "CREATE TABLE orders (event_id TEXT PRIMARY KEY, customer_name TEXT, drink_name TEXT, quantity BIGINT, amount_cents BIGINT, is_member INTEGER, ts_utc TEXT)";
const INSERT =
  "INSERT INTO orders VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

const valuesOf = (order: Order) => [
  order.event_id,
  order.customer_name,
  order.drink_name,
  order.quantity,
  Math.round(order.amount * 100),
  Number(order.is_member),
  order.ts_utc,
];

function openFile(): (orders: readonly Order[]) => Promise<void> {
  const file = new DatabaseSync(database);
  file.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  file.exec(CREATE);
  const insert = file.prepare(INSERT.replace(/\$\d/g, "?"));
  return (orders) => {
    file.exec("BEGIN");
    for (const order of orders) insert.run(...valuesOf(order));
    file.exec("COMMIT");
    return Promise.resolve();
  };
}

async function openServer(): Promise<
  (orders: readonly Order[]) => Promise<void>
> {
  const server = postgres(database, { max: 1 });
  await server.unsafe(CREATE);
  return async (orders) => {
    await server.begin(async (transaction) => {
      await Promise.all(
        orders.map((order) =>
          transaction.unsafe(INSERT, valuesOf(order), { prepare: true })
        ),
      );
    });
  };
}

const save = database.startsWith("postgres:") ? await openServer() : openFile();
const kafka = new Kafka({
  brokers: [...request.brokers],
  logLevel: logLevel.ERROR,
});
const consumer = kafka.consumer({
  groupId: group,
  allowAutoTopicCreation: false,
  maxWaitTimeInMs: 500,
});
const work = new Work(request);
const done = Promise.withResolvers<void>();

function decode(partition: number, message: KafkaMessage): Order {
  return work.process({
    ...message,
    partition,
    timestamp: Number(message.timestamp),
  });
}

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  async eachBatch({ batch, resolveOffset }) {
    const { partition, messages } = batch;
    for (let at = 0; at < messages.length; at += BATCH) {
      const some = messages.slice(at, at + BATCH);
      await save(some.map((message) => decode(partition, message)));
      resolveOffset(some.at(-1)?.offset ?? "");
    }
    const offset = String(BigInt(batch.lastOffset()) + 1n);
    await consumer.commitOffsets([{ topic, partition, offset }]);
    if (work.done) done.resolve();
  },
});
await done.promise;
await consumer.disconnect();
work.report();
Deno.exit();
