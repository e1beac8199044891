/**
 * A member that has left its group.
 *
 * @module
 */

import { assert, assertRejects } from "@std/assert";
import { createKafka } from "../../lib/kafka/client.ts";
import { isRebalance } from "../../lib/kafka/errors.ts";
import { integrationTest } from "../support/integration.ts";
import { makeTopic } from "../support/topics.ts";

integrationTest(
  "Consumer.commit() fails as in a rebalance once kafkajs has left the group, and seek() does nothing",
  async ({ config, topic, group }) => {
    await makeTopic({ config, topic, group }, 1);
    const kafka = await createKafka(config);
    const consumer = kafka.consumer({
      group,
      sessionTimeoutMs: 10_000,
      together: false,
      mayRestart: () => Promise.resolve(false),
    });
    const joined = Promise.withResolvers<void>();
    await consumer.connect();
    await consumer.run({ topic, from: "earliest" }, {
      fetched: () => Promise.resolve(),
      joined: () => joined.resolve(),
      leaderless: () => {},
      answered: () => {},
      alive: () => {},
      failed: joined.reject,
    });
    await joined.promise;
    await consumer.commit(new Map([[0, 0n]]));
    await consumer.disconnect();
    const error = await assertRejects(() =>
      consumer.commit(new Map([[0, 0n]]))
    );
    assert(isRebalance(error), String(error));
    consumer.seek(0, 0n);
  },
);
