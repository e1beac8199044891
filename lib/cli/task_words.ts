/**
 * Tasks that do one of several things: `deno task schema list`, `deno task schema show`.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import {
  didYouMean,
  runTask,
  type TaskMain,
  type TaskSpec,
} from "./command.ts";
import type { Flags } from "./flags.ts";
import { closestTo } from "../base/suggestion.ts";

/** One of the things that a task does. */
export interface TaskWord {
  readonly summary: string;
  readonly run: (args: readonly string[]) => Promise<never>;
}

/**
 * Makes one of the things that a task does.
 *
 * @param spec Its name has both words: `schema show`.
 */
export function taskWord<
  const F extends Flags,
  const A extends readonly string[] = readonly [],
>(spec: TaskSpec<F, A>, main: TaskMain<F, A>): TaskWord {
  return {
    summary: spec.summary,
    run: (args) => runTask(spec, main, args),
  };
}

/** Runs what the first word of the command line chooses. */
export async function runTaskWord(
  spec: Pick<TaskSpec<Flags>, "name" | "summary" | "examples"> & {
    /** The things that it does. The first one is the default. */
    readonly words: Readonly<Record<string, TaskWord>>;
  },
  args: readonly string[] = Deno.args,
): Promise<never> {
  const [word = "", ...rest] = args;
  const { words } = spec;
  const chosen = Object.hasOwn(words, word) ? words[word] : undefined;
  if (chosen) return await chosen.run(rest);
  const [first] = Object.values(words);
  const isFlag = word === "" || word.startsWith("-");
  if (first && isFlag && !args.includes("--help")) return await first.run(args);
  return await runTask({ ...spec, flags: {}, arguments: ["[WORD]"] }, () => {
    throw new UsageError(
      `Unknown word: ${word}`,
      didYouMean(closestTo(word, Object.keys(words))),
    );
  }, isFlag ? ["--help"] : []);
}
