/**
 * `records()` and `consumeBatches()` on a real Kafka with a real registry.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { consumeBatches } from "../../lib/consume/consume.ts";
import { type ConsumedRecord, records } from "../../lib/consume/records.ts";
import { type Order, orders } from "../../lib/events/order.ts";
import { produce } from "../../lib/produce/produce.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { committedOffsets, makeOrder, makeTopic } from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

function optionsOf({ config, topic, group }: Bench) {
  return {
    config,
    topic,
    group,
    signal: AbortSignal.timeout(PATIENCE_MS),
  };
}

/** Produces so many orders of one key, and so to one partition: their quantity counts them from 1. */
async function produceOrders(bench: Bench, count: number): Promise<void> {
  const { config, topic } = bench;
  const list = Array.from(
    { length: count },
    (_, i) => makeOrder({ quantity: i + 1 }),
  );
  await produce(orders, list, { config, topic });
}

integrationTest(
  "records() never takes the group back, in whatever sequence its records are committed",
  async (bench) => {
    await makeTopic(bench, 1);
    await produceOrders(bench, 4);
    const read: ConsumedRecord<Order>[] = [];
    for await (const record of records(orders, optionsOf(bench))) {
      read.push(record);
      const [first, second, third] = read;
      if (read.length < 4) continue;
      await third?.commit();
      await second?.commit();
      await first?.commit();
      break;
    }
    assertEquals(await committedOffsets(bench), { 0: 3 });
    await assertRejects(
      async () => await read[0]?.commit(),
      PipelineError,
      "could not be committed",
    );
  },
);

integrationTest(
  "records() delivers again what was read and not committed, and nothing that was committed",
  async (bench) => {
    await makeTopic(bench, 1);
    await produceOrders(bench, 6);
    const read: number[] = [];
    for await (const record of records(orders, optionsOf(bench))) {
      read.push(record.event.quantity);
      if (record.event.quantity === 3) await record.commit();
      if (record.event.quantity === 4) break;
    }
    assertEquals(read, [1, 2, 3, 4]);
    const again: number[] = [];
    const options = { ...optionsOf(bench), count: 3 };
    for await (const record of records(orders, options)) {
      again.push(record.event.quantity);
      await record.commit();
    }
    assertEquals(again, [4, 5, 6]);
    const rest = { ...optionsOf(bench), idleExitMs: 300 };
    for await (const { event } of records(orders, rest)) {
      throw new Error(`Committed and delivered again: ${event.quantity}`);
    }
  },
);

integrationTest(
  "records() ends when its signal is aborted while it waits, and throws what the loop's body throws",
  async (bench) => {
    await makeTopic(bench, 1);
    await produceOrders(bench, 1);
    const stop = new AbortController();
    let read = 0;
    const options = { ...optionsOf(bench), signal: stop.signal };
    for await (const _ of records(orders, options)) {
      read++;
      setTimeout(() => stop.abort(), 50);
    }
    assertEquals(read, 1);
    let caught: unknown;
    try {
      for await (const _ of records(orders, optionsOf(bench))) {
        throw new Error("No");
      }
    } catch (error) {
      caught = error;
    }
    assertEquals(String(caught), "Error: No");
  },
);

integrationTest(
  "consumeBatches() hands over each partition's events in their sequence, retries a batch as a whole, and commits it as one",
  async (bench) => {
    await makeTopic(bench, 3);
    const { config, topic } = bench;
    const names = ["Diana Martinez", "Charlie Davis", "Bob Smith"];
    const list = Array.from(
      { length: 300 },
      (_, i) =>
        makeOrder({ customer_name: names[i % 3] ?? "", quantity: i + 1 }),
    );
    await produce(orders, list, { config, topic });
    const handled = new Map<number, number[]>();
    let failures = 0;
    const counts = await consumeBatches(orders, (batch) => {
      assert(batch.records.length > 0);
      assert(
        batch.records.every(({ partition }) => partition === batch.partition),
      );
      if (failures++ === 0) throw new Error("Busy");
      const quantities = batch.records.map(({ event }) => event.quantity);
      const before = handled.get(batch.partition) ?? [];
      handled.set(batch.partition, [...before, ...quantities]);
    }, { ...optionsOf(bench), count: 300, handlerBackoffMs: 10 });
    assertEquals(counts, { consumed: 300, deadLetters: 0, tombstones: 0 });
    const all = [...handled.values()];
    for (const one of all) assertEquals(one, one.toSorted((a, b) => a - b));
    assertEquals(
      all.flat().toSorted((a, b) => a - b),
      list.map(({ quantity }) => quantity),
    );
    const rest = await consumeBatches(orders, () => {
      throw new Error("It was committed");
    }, { ...optionsOf(bench), idleExitMs: 300 });
    assertEquals(rest.consumed, 0);
  },
);
