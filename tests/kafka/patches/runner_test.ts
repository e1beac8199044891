/**
 * Commits of a member that may have joined its group again.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { loadKafkajsFile } from "../../../lib/kafka/patches/load.ts";

interface Runner {
  running: boolean;
  start(): Promise<void>;
  commitOffsets(offsets: object): Promise<void>;
}

interface ConsumerGroup {
  connect(): Promise<void>;
  commitOffsets(offsets: object): Promise<void>;
}

/** A log that nobody reads. */
const logger = { namespace: () => logger, debug() {}, info() {} };

async function runnerOf(
  consumerGroup: Partial<ConsumerGroup>,
  onCrash = (_: unknown) => {},
): Promise<Runner> {
  const Runner = await loadKafkajsFile<
    new (options: object) => Runner
  >("src/consumer/runner.js");
  return new Runner({ logger, consumerGroup, onCrash, concurrency: 1 });
}

Deno.test("patchRunner() makes a commit that a coordinator has refused fail at once", async () => {
  let commits = 0;
  const refusal = Object.assign(new Error("No"), { retriable: true });
  const runner = await runnerOf({
    commitOffsets() {
      commits++;
      return Promise.reject(refusal);
    },
  });
  runner.running = true;
  const error = await assertRejects(() => runner.commitOffsets({}));
  assertEquals({ error, commits }, { error: refusal, commits: 1 });
});

Deno.test("patchRunner() has kafkajs ask whether to begin again after each outage, and after nothing else", async () => {
  const crashes: unknown[] = [];
  for (const message of ["Broker not connected", "Another failure"]) {
    const runner = await runnerOf({
      connect: () => Promise.reject(new Error(message)),
    }, (error) => crashes.push(error));
    await runner.start();
  }
  assertEquals(
    crashes.map((error) => error instanceof Error && "retriable" in error),
    [true, false],
  );
});

Deno.test("patchRunner() commits while the consumer stops", async () => {
  const committed: object[] = [];
  const runner = await runnerOf({
    commitOffsets: (offsets) => Promise.resolve(void committed.push(offsets)),
  });
  const offsets = { topics: [] };
  await runner.commitOffsets(offsets);
  assertEquals(committed, [offsets]);
});
