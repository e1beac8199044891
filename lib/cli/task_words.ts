/**
 * Tasks that do one of several things: `deno task schema list`, `deno task schema show`.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { didYouMean, runTask, type Task, type TaskSpec } from "./command.ts";
import type { Flags } from "./flags.ts";
import { closestTo } from "../base/suggestion.ts";

/** Makes a task that does what the first word of the command line chooses. */
export function taskOfWords(
  spec: Pick<TaskSpec<Flags>, "name" | "summary" | "examples"> & {
    /** The things that it does. The first one is the default. */
    readonly words: Readonly<Record<string, Task>>;
  },
): Task {
  const { summary, words } = spec;
  const [first] = Object.values(words);
  const run: Task["run"] = async (args = Deno.args) => {
    const [word = "", ...rest] = args;
    const chosen = Object.hasOwn(words, word) ? words[word] : undefined;
    if (chosen) return await chosen.run(rest);
    const isFlag = word === "" || word.startsWith("-");
    if (first && isFlag && !args.includes("--help")) {
      return await first.run(args);
    }
    return await runTask({ ...spec, flags: {}, arguments: ["[WORD]"] }, () => {
      throw new UsageError(
        `Unknown word: ${word}`,
        didYouMean(closestTo(word, Object.keys(words))),
      );
    }, isFlag ? ["--help"] : []);
  };
  return { summary, run };
}
