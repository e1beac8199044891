/**
 * Several processes of `deno task consume` that share a topic, against a real Kafka and a real registry.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { produce } from "../../lib/produce/produce.ts";
import { orders } from "../../lib/events/order.ts";
import { integrationTest } from "../support/integration.ts";
import { TaskProcess } from "../support/task_process.ts";
import { makeOrder, makeTopic, parseRecords } from "../support/topics.ts";
import { eventually } from "../support/eventually.ts";
import { groupShared } from "../support/groups.ts";

const CUSTOMERS = ["Diana Martinez", "Charlie Davis", "Bob Smith"];

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
    await groupShared(bench, 3);
    const sent = Array.from(
      { length: 300 },
      (_, i) =>
        makeOrder({ customer_name: CUSTOMERS[i % 3] ?? "", quantity: i + 1 }),
    );
    await produce(orders, sent, { config, topic });
    const read = () => processes.map(({ stdout }) => parseRecords(stdout));
    await eventually("300 orders", () => read().flat().length >= 300);
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
