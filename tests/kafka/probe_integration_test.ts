/**
 * Tests of a list of brokers of which some hang, against a real Kafka.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { withAdmin } from "../../lib/kafka/client.ts";
import { answeringBrokers } from "../../lib/kafka/probe.ts";
import { integrationTest } from "../support/integration.ts";
import { SilentListener } from "../support/silent_listener.ts";
import { runTaskProcess } from "../support/task_process.ts";
import { inTimeOnce } from "../support/in_time.ts";

/** How long kafkajs waits for one broker that doesn't answer, in milliseconds. */
const DELAY_MS = 3_000;

integrationTest(
  "answeringBrokers() finds the broker that answers, and gives all when none does or there is only one",
  async ({ config }) => {
    using first = new SilentListener();
    using second = new SilentListener();
    const [real = ""] = config.brokers;
    await inTimeOnce(DELAY_MS, async () => {
      const begin = performance.now();
      assertEquals(
        await answeringBrokers(
          [first.address, second.address, real],
          undefined,
        ),
        [real],
      );
      assertEquals(
        await answeringBrokers([first.address], undefined),
        [first.address],
      );
      return performance.now() - begin;
    });
    const silent = [first.address, second.address];
    assertEquals(await answeringBrokers(silent, undefined), silent);
  },
);

integrationTest(
  "withAdmin() connects without a delay when the brokers before the one that answers hang",
  async ({ config }) => {
    using first = new SilentListener();
    using second = new SilentListener();
    const brokers = [first.address, second.address, ...config.brokers];
    const lines: string[] = [];
    // kafkajs is loaded before the time is taken.
    await withAdmin(config, {}, (admin) => admin.brokers());
    for (let run = 0; run < 3; run++) {
      await inTimeOnce(DELAY_MS, async () => {
        const begin = performance.now();
        await withAdmin(
          { ...config, brokers },
          { notify: (line) => lines.push(line) },
          (admin) => admin.brokers(),
        );
        return performance.now() - begin;
      });
    }
    assertEquals(lines, []);
  },
);

integrationTest(
  "topic, produce and consume don't wait for brokers that hang",
  async ({ config, topic, group }) => {
    using first = new SilentListener();
    using second = new SilentListener();
    const brokers = [first.address, second.address, ...config.brokers];
    const reach = [first.address, second.address];
    const run = async (
      task: "topic" | "produce" | "consume",
      ...args: string[]
    ) => {
      const { code, stderr } = await runTaskProcess(
        config,
        task,
        [`--brokers=${brokers.join(",")}`, `--topic=${topic}`, ...args],
        { reach },
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, task);
    };
    await run("topic");
    await run("produce", "--count=3", "--interval=0");
    await run("consume", `--group=${group}`, "--count=3");
  },
);

integrationTest(
  "topic says that Kafka can't be reached, within its timeout and the diagnosis, when every broker hangs",
  async ({ config, topic }) => {
    using first = new SilentListener();
    using second = new SilentListener();
    const brokers = [first.address, second.address].join(",");
    const begin = performance.now();
    const { code, stderr } = await runTaskProcess(
      config,
      "topic",
      [`--brokers=${brokers}`, `--topic=${topic}`, "--timeout=1"],
      { reach: [first.address, second.address] },
    );
    const took = performance.now() - begin;
    assertEquals(code, 1);
    assertEquals(
      stderr.split("\n")[0],
      `Error: Kafka at ${brokers} does not answer`,
    );
    assert(took < 30_000, `Took ${took} ms`);
  },
);
