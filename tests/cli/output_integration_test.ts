/**
 * What becomes of a run when the reader of its output is slow, stops reading, or goes away: on a real Kafka.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { withAdmin } from "../../lib/kafka/client.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { TaskProcess } from "../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";

/** More than a pipe, a write under way and the queue behind it hold together. */
const COUNT = 5_000;

async function sendOrders(bench: Bench): Promise<void> {
  const orders = Array.from({ length: COUNT }, () => makeOrder());
  const values = await encodeOrders(bench, orders);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value) => ({ key: null, value })),
  );
}

/** Waits until the group has committed something. */
async function untilCommitted(bench: Bench): Promise<void> {
  while (((await committedOffsets(bench))[0] ?? 0) <= 0);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  integrationTest(
    `consume ends within 10 s and has committed nothing that it did not show when its reader has stopped reading and ${signal} comes`,
    async (bench) => {
      const { config, topic, group } = bench;
      await makeTopic(bench, 1);
      await sendOrders(bench);
      await using task = new TaskProcess(
        config,
        "consume",
        [`--topic=${topic}`, `--group=${group}`, "--json"],
        { unread: true },
      );
      await untilCommitted(bench);
      const signalled = Date.now();
      task.signal(signal);
      assertEquals(await task.exited, 0);
      const took = Date.now() - signalled;
      assert(took < 10_000, `It took ${took} ms`);
      task.readOutput();
      const { stdout } = await task.end();
      const shown = stdout.split("\n").length - 1;
      const { 0: committed = 0 } = await committedOffsets(bench);
      assert(shown < COUNT, "It was over before the signal came");
      assert(committed <= shown, `${committed} committed, ${shown} shown`);
      await withAdmin(config, {}, async (admin) => {
        const { groups } = await admin.describeGroups([group]);
        assertEquals(groups[0]?.state, "Empty");
      });
    },
  );
}
