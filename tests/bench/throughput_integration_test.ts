/** Tests of the timing, and of what makes a run void, on an engine of its own. */

import { assert, assertEquals } from "@std/assert";
import { localEngineTest } from "../support/local_engine.ts";
import { Arena } from "./arena.ts";
import type { Contender, Job } from "./contender.ts";
import { PIPELINE } from "./contenders.ts";
import { filledTopic, measureConsume, measureProduce } from "./throughput.ts";

const COUNT = 300;

/** This project, asked for something else than what counts. */
function deviating(change: (job: Job) => Job): Contender {
  return {
    ...PIPELINE,
    command: (stage, job) => PIPELINE.command(stage, change(job)),
  };
}

localEngineTest(
  "a run counts where every event is there and committed, and says why not where one is missing",
  async (context) => {
    // A broker that starts quickly: what counts here is not how many events a second it takes.
    await using arena = await Arena.open(() => {}, []);

    await context.step("measureProduce() gives a rate", async () => {
      const { value = 0 } = await measureProduce(arena, PIPELINE, COUNT);
      assert(value > 10 && value < 1_000_000, `${value} events/s`);
    });

    await context.step("measureProduce() finds an event missing", async () => {
      const lazy = deviating((job) => ({ ...job, count: COUNT - 1 }));
      assertEquals(await measureProduce(arena, lazy, COUNT), {
        reason: "the topic has 299 events instead of 300",
      });
    });

    await context.step("measureProduce() finds a failure", async () => {
      const failing = deviating((job) => ({ ...job, topic: "missing" }));
      assertEquals(await measureProduce(arena, failing, COUNT), {
        reason:
          "exit code 1:   Create it with `deno task topic --topic missing`.",
      });
    });

    const topic = await filledTopic(arena, PIPELINE, COUNT);

    await context.step("measureConsume() gives a rate", async () => {
      const { value = 0 } = await measureConsume(
        arena,
        PIPELINE,
        topic,
        COUNT,
      );
      assert(value > 10 && value < 1_000_000, `${value} events/s`);
    });

    await context.step("measureConsume() finds an event missing", async () => {
      const lazy = deviating((job) => ({ ...job, count: COUNT - 1 }));
      assertEquals(await measureConsume(arena, lazy, topic, COUNT), {
        reason: "it says 299 processed instead of 300",
      });
    });

    await context.step("measureConsume() finds nothing committed", async () => {
      const elsewhere = deviating((job) => ({ ...job, group: "another" }));
      const { reason = "" } = await measureConsume(
        arena,
        elsewhere,
        topic,
        COUNT,
      );
      assert(
        /^it committed (-1(,-1)*)? where the ends are \d+,\d+,\d+$/.test(
          reason,
        ),
        reason,
      );
    });
  },
);
