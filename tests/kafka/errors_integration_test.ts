/**
 * Tests of what the tasks say when Kafka refuses, each on a real one.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { createKafka } from "../support/kafkajs.ts";
import { loadKafkajs } from "../../lib/kafka/patches/load.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { integrationTest } from "../support/integration.ts";
import { runTaskProcess } from "../support/task_process.ts";
import { makeTopic } from "../support/topics.ts";

integrationTest(
  "consume says what to do when the group's members use another protocol, and doesn't wait",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench);
    const { AssignerProtocol } = await loadKafkajs();
    const kafka = await createKafka(config);
    // As a member of librdkafka or Java that offers no other assignor.
    const consumer = kafka.consumer({
      groupId: group,
      partitionAssigners: [() => ({
        name: "cooperative-sticky",
        version: 1,
        assign: () => Promise.resolve([]),
        protocol: ({ topics }) => ({
          name: "cooperative-sticky",
          metadata: AssignerProtocol.MemberMetadata.encode({
            version: 1,
            topics,
            userData: new Uint8Array() as never,
          }),
        }),
      })],
    });
    const joined = Promise.withResolvers<void>();
    consumer.on("consumer.group_join", () => joined.resolve());
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [topic] });
      void consumer.run({ eachMessage: () => Promise.resolve() });
      await joined.promise;
      const { code, stderr } = await runTaskProcess(config, "consume", [
        ...[`--topic=${topic}`, `--group=${group}`, "--quiet"],
      ]);
      assertEquals(code, 1);
      assertEquals(
        stderr,
        "Error: Consuming failed: the group has members that share out partitions by another protocol\n" +
          "  Stop them, and this one goes on where they committed last; or name another group with --group.\n",
      );
    } finally {
      await consumer.disconnect();
    }
  },
);

integrationTest(
  "produce names the setting and the clock when this machine's is ahead",
  async (bench) => {
    // The default since Kafka 4.0.
    await makeTopic(bench, 3, { "message.timestamp.after.max.ms": "3600000" });
    const { code, stderr } = await runTaskProcess(
      bench.config,
      "produce",
      [`--topic=${bench.topic}`, "--count=1"],
      { script: "tests/support/clock_ahead.ts" },
    );
    assertEquals(code, 1);
    assert(stderr.includes("message.timestamp.after.max.ms"), stderr);
    assert(stderr.includes("check the clock of this machine"), stderr);
  },
);

integrationTest(
  "consume names the address that Kafka advertises when the permissions refuse it",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench);
    const [advertised = ""] = config.brokers;
    await using relay = new CuttingProxy(advertised, Infinity);
    const { code, stderr } = await runTaskProcess(
      { ...config, brokers: [relay.address] },
      "consume",
      [`--topic=${topic}`, `--group=${group}`],
    );
    assertEquals(code, 1);
    assertEquals(
      stderr,
      `Error: No permission to reach ${advertised}, which Kafka at ${relay.address} advertises\n` +
        `  Add ${advertised} to "permissions.pipeline.net" in deno.json.\n`,
    );
  },
);
