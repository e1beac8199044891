/**
 * Several processes of `deno task consume` that share a topic, against a real Kafka and a real registry.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createKafka } from "../../lib/kafka/client.ts";
import { produce } from "../../lib/produce/produce.ts";
import { orders } from "../../lib/events/order.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { TaskProcess } from "../support/task_process.ts";
import { makeOrder, makeTopic, parseRecords } from "../support/topics.ts";

/** How long to wait for the group, or for the orders, in milliseconds. */
const DEADLINE_MS = 30_000;
const CUSTOMERS = ["Diana Martinez", "Charlie Davis", "Bob Smith"];

async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`In vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until each of so many members has one partition. */
async function untilShared(
  { config, topic, group }: Bench,
  count: number,
): Promise<void> {
  const groups = (await createKafka(config)).groups();
  await groups.connect();
  try {
    await until(`${count} members with a partition each`, async () => {
      const { members } = await groups.describe(group);
      return members.length === count &&
        members.every(({ partitions }) => partitions[topic]?.length === 1);
    });
  } finally {
    await groups.disconnect();
  }
}

integrationTest(
  "three processes of consume share a topic: each partition is read by one, and nothing is lost or read twice",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 3);
    const args = [`--topic=${topic}`, `--group=${group}`, "--json"];
    await using stack = new AsyncDisposableStack();
    const processes = [0, 1, 2].map(() =>
      stack.use(new TaskProcess(config, "consume", args))
    );
    await untilShared(bench, 3);
    const sent = Array.from(
      { length: 300 },
      (_, i) =>
        makeOrder({ customer_name: CUSTOMERS[i % 3] ?? "", quantity: i + 1 }),
    );
    await produce(orders, sent, { config, topic });
    const read = () => processes.map(({ stdout }) => parseRecords(stdout));
    await until("300 orders", () => read().flat().length >= 300);
    for (const process of processes) process.signal("SIGTERM");
    for (const process of processes) {
      assertEquals((await process.end()).code, 0);
    }
    const partitions = read().map((records) => [
      ...new Set(records.map(({ partition }) => partition)),
    ]);
    assertEquals(partitions.flat().toSorted(), [0, 1, 2]);
    assertEquals(partitions.map(({ length }) => length), [1, 1, 1]);
    assertEquals(
      read().flat().map(({ event }) => event.quantity).sort((a, b) => a - b),
      sent.map(({ quantity }) => quantity),
    );
  },
);
