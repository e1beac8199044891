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
import { runTaskProcess, TaskProcess } from "../support/task_process.ts";
import { inTimeOnce } from "../support/in_time.ts";

/** How long kafkajs waits for one broker that doesn't answer, in milliseconds. */
const DELAY_MS = 3_000;
const ATTEMPTS_COUNT = 5;

integrationTest(
  "answeringBrokers() finds the broker that answers, and gives all when none does or there is only one",
  async ({ config }) => {
    using first = new SilentListener();
    using second = new SilentListener();
    const [real = ""] = config.brokers;
    await inTimeOnce(DELAY_MS, async () => {
      const begin = performance.now();
      const found = await answeringBrokers(
        [first.address, second.address, real],
        undefined,
      );
      assertEquals(
        await answeringBrokers([first.address], undefined),
        [first.address],
      );
      return found.join() === real ? performance.now() - begin : Infinity;
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
    // kafkajs is loaded before the time is taken.
    await withAdmin(config, {}, (admin) => admin.brokers());
    for (let run = 0; run < 3; run++) {
      await inTimeOnce(DELAY_MS, async () => {
        const lines: string[] = [];
        const begin = performance.now();
        await withAdmin(
          { ...config, brokers },
          { notify: (line) => lines.push(line) },
          (admin) => admin.brokers(),
        );
        return lines.length === 0 ? performance.now() - begin : Infinity;
      });
    }
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
      await using running = new TaskProcess(
        config,
        task,
        [`--brokers=${brokers.join(",")}`, ...args],
        { reach },
      );
      const { code, stderr } = await running.end();
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, task);
      return running.stderr;
    };
    // A busy machine holds up the broker that answers as well, and any single run then waits for it.
    for (let attempt = 1;; attempt++) {
      const name = `--topic=${topic}-${attempt}`;
      const told = await run("topic", name) +
        await run("produce", name, "--count=3", "--interval=0") +
        await run("consume", name, `--group=${group}-${attempt}`, "--count=3");
      if (!told.includes("Waiting for Kafka")) break;
      assert(attempt < ATTEMPTS_COUNT, told);
    }
  },
);

integrationTest(
  "topic says that Kafka can't be reached, within its timeout and the diagnosis, when every broker hangs",
  async ({ config, topic }) => {
    using first = new SilentListener();
    using second = new SilentListener();
    const brokers = [first.address, second.address].join(",");
    await inTimeOnce(30_000, async () => {
      const begin = performance.now();
      const { code, stderr } = await runTaskProcess(
        config,
        "topic",
        [`--brokers=${brokers}`, `--topic=${topic}`, "--timeout=1"],
        { reach: [first.address, second.address] },
      );
      assertEquals(code, 1);
      assertEquals(
        stderr.split("\n")[0],
        `Error: Kafka at ${brokers} does not answer`,
      );
      return performance.now() - begin;
    });
  },
);
