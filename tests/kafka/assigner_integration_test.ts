/**
 * Which member of a group gets which partition, on a real broker.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { orders } from "../../lib/events/order.ts";
import { consume } from "../../lib/consume/consume.ts";
import { produce } from "../../lib/produce/produce.ts";
import { integrationTest } from "../support/integration.ts";
import { makeOrder, makeTopic } from "../support/topics.ts";
import { PATIENCE_MS } from "../support/patience.ts";

integrationTest(
  "rangeAssigner() gives a topic's partitions only to the members that read it",
  async (bench) => {
    const { config, group } = bench;
    const topics = [`${bench.topic}-a`, `${bench.topic}-b`];
    for (const topic of topics) await makeTopic({ ...bench, topic }, 3);
    const names = ["Diana Martinez", "Charlie Davis", "Bob Smith"];
    for (const topic of topics) {
      await produce(
        orders,
        names.map((customer_name) => makeOrder({ customer_name })),
        { config, topic },
      );
    }
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      AbortSignal.timeout(PATIENCE_MS),
    ]);
    const read = new Set<string>();
    await Promise.all(topics.map((topic) =>
      consume(orders, ({ partition }) => {
        read.add(`${topic}/${partition}`);
        if (read.size === 6) stop.abort();
      }, { config, topic, group, signal })
    ));
    assertEquals(
      [...read].sort(),
      topics.flatMap((topic) => [0, 1, 2].map((i) => `${topic}/${i}`)),
    );
  },
);
