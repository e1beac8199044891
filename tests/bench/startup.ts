/**
 * How long a user waits for the first sign of work.
 *
 * @module
 */

import type { Arena, ArenaTopic } from "./arena.ts";
import { Child, now } from "./child.ts";
import type { Command, Contender } from "./contender.ts";
import { taskCommand } from "./contenders.ts";
import { Watching } from "./watching.ts";

const DEADLINE_MS = 60_000;

/** A start that is measured. */
export interface Start {
  /** Its name in the table. */
  readonly title: string;
  /**
   * Takes the time.
   *
   * @param arena Where.
   * @param topic A topic with an event.
   * @returns The milliseconds.
   * @throws {Error} If it fails.
   */
  measure(arena: Arena, topic: ArenaTopic): Promise<number>;
}

/** As a user calls it: by `deno task`, whose own start counts. */
function asTask({ program, args, env }: Command): Command {
  const line = [program, ...args].map((word) => `'${word}'`).join(" ");
  return {
    program: "deno",
    args: ["task", "-q", "--eval", line],
    ...(env && { env }),
  };
}

/** The starts of this project's tasks. */
export const TASK_STARTS: readonly Start[] = [
  {
    title: "deno task topic, where it exists",
    async measure({ stage }, { topic }) {
      const command = taskCommand(stage, "topic", [`--topic=${topic}`]);
      await using child = new Child(asTask(command));
      const problem = await child.end(DEADLINE_MS);
      if (problem !== undefined) throw new Error(problem);
      return now() - child.started;
    },
  },
  {
    title: "deno task produce: first acknowledgement",
    async measure({ stage }, { topic }) {
      const command = taskCommand(stage, "produce", [
        `--topic=${topic}`,
        "--count=1",
      ]);
      let delivered: number | undefined;
      await using child = new Child(asTask(command), ({ text, at }) => {
        if (text.startsWith("Delivered:")) delivered ??= at;
      });
      const problem = await child.end(DEADLINE_MS);
      if (problem !== undefined || delivered === undefined) {
        throw new Error(problem ?? "nothing was delivered");
      }
      return delivered - child.started;
    },
  },
];

/**
 * Makes the measure of a consumer's start.
 *
 * @param contender Who.
 * @returns From the start of its process to the line about the first event.
 */
export function consumeStart(contender: Contender): Start {
  return {
    title: `${contender.title}: consumer's first event`,
    async measure(arena, topic) {
      await using watching = new Watching(arena, contender, topic);
      await watching.until(1);
      return (watching.sightings[0]?.seen ?? NaN) - watching.child.started;
    },
  };
}
