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
import { closestTo } from "./suggestion.ts";

/** One of the things that a task does. */
export interface TaskWord {
  /** What it does, in one or two sentences. */
  readonly summary: string;
  /** Does it, with the rest of the command line. */
  readonly run: (args: readonly string[]) => Promise<never>;
}

/** A task that does one of several things. */
export interface WordTaskSpec {
  /** Its name, as in `deno task NAME`. */
  readonly name: string;
  /** What it is for, in one or two sentences. */
  readonly summary: string;
  /** The things that it does. The first one is the default. */
  readonly words: Readonly<Record<string, TaskWord>>;
  /** Command lines to copy, each with what it does. */
  readonly examples: TaskSpec<Flags>["examples"];
}

/**
 * Makes one of the things that a task does.
 *
 * @param spec Its flags, its arguments and its `--help`. Its name has both words: `schema show`.
 * @returns The same, to be chosen by its word.
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

/**
 * Runs what the first word of the command line chooses.
 *
 * @default {Deno.args}
 */
export async function runTaskWord(
  spec: WordTaskSpec,
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
