/**
 * What the clients for questions have in common, on a real broker.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createKafka } from "../../lib/kafka/client.ts";
import { integrationTest } from "../support/integration.ts";
import { makeTopic } from "../support/topics.ts";

integrationTest(
  "ranges() finds the offsets of several topics that are asked for at once",
  async (bench) => {
    const topics = Array.from({ length: 4 }, (_, i) => `${bench.topic}-${i}`);
    for (const topic of topics) await makeTopic({ ...bench, topic }, 2);
    const client = (await createKafka(bench.config)).groups();
    await client.connect();
    try {
      const missing = `${bench.topic}-missing`;
      await Promise.all([...topics, missing].map(async (topic) => {
        // So often that the steps of one come between the steps of another.
        for (let i = 0; i < 20; i++) {
          const ranges = await client.ranges(topic);
          assertEquals(ranges?.size, topic === missing ? undefined : 2);
        }
      }));
    } finally {
      await client.disconnect();
    }
  },
);
