/**
 * The command line that every task shares: flags from one table, `--help` made from it, exit codes.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  causes,
  messageOf,
  PipelineError,
  StoppedError,
  UsageError,
} from "../base/errors.ts";
import { adviceFor, nextStepFor } from "./advice.ts";
import { type Flag, type Flags, type FlagValues, switchFlag } from "./flags.ts";
import { closestTo } from "../base/suggestion.ts";
import {
  errors,
  output,
  OutputClosedError,
  printLine,
  useTimestamps,
} from "./output.ts";
import { exportsToOtel } from "./telemetry.ts";

/** The values of a command's arguments; one whose name is in brackets may be absent. */
export type ArgumentValues<A extends readonly string[]> = {
  readonly [K in keyof A]: A[K] extends `[${string}]` ? string | undefined
    : string;
};

/** A task's name, its flags and the rest of its `--help`. */
export interface TaskSpec<
  F extends Flags,
  A extends readonly string[] = readonly [],
> {
  readonly name: string;
  /** The set of permissions in deno.json that it runs with: what to extend is found there. By default: `"pipeline"`. */
  readonly permissions?: string;
  /** The names of its arguments, such as `FILE`, or `[LEVEL]` for one that may be absent. */
  readonly arguments?: A;
  /** What it does by its first word: `deno task NAME WORD`. Only `--help` uses it. */
  readonly words?: Readonly<Record<string, { readonly summary: string }>>;
  readonly summary: string;
  readonly flags: F;
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** A task's work, called with the flags and the arguments. A number that it returns is the exit code; undefined is 0. */
type TaskMain<F extends Flags, A extends readonly string[]> = (
  flags: FlagValues<F> & { readonly debug: boolean },
  args: ArgumentValues<A>,
) => Promise<number | void> | number | void;

/** The exit codes of every task. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const COMMON = {
  timestamps: switchFlag(
    "put the time before progress and warnings; without it, only where stderr is not a terminal",
  ),
  debug: switchFlag("show stack traces and the libraries' own log lines"),
  help: switchFlag("show this help"),
};

/** How wide `--help` is, in characters. */
const HELP_WIDTH = 80;
/** How wide the column of flags is at most, in characters: a wider flag has a line of its own. */
const FLAG_WIDTH = 22;

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && longer.length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Lays out two columns: a name, and what it is. */
function describe(left: string, text: string): string[] {
  const right = wrap(text, HELP_WIDTH - FLAG_WIDTH - 4);
  if (left.length > FLAG_WIDTH) right.unshift("");
  return right.map((line, i) =>
    `  ${(i === 0 ? left : "").padEnd(FLAG_WIDTH)}  ${line}`.trimEnd()
  );
}

function describeFlag(name: string, flag: Flag): string[] {
  if (!("parse" in flag)) return describe(`--${name}`, flag.description);
  const facts = [
    flag.choices && `one of ${flag.choices.join(", ")}`,
    flag.default !== undefined && `default ${flag.default}`,
    flag.env && `environment ${flag.env}`,
  ].filter(Boolean);
  return describe(
    `--${name} ${flag.value}`,
    flag.description + (facts.length > 0 ? ` (${facts.join("; ")})` : ""),
  );
}

/** Writes the text of `--help`. It is at most 80 characters wide, but for the command lines of the examples. */
export function helpText<
  const F extends Flags,
  const A extends readonly string[],
>(spec: TaskSpec<F, A>): string {
  return [
    ...wrap(spec.summary, HELP_WIDTH),
    "",
    `Usage: deno task ${
      [spec.name, ...spec.arguments ?? [], "[flags]"].join(" ")
    }`,
    "",
    ...spec.words
      ? [
        "Words:",
        ...Object.entries(spec.words)
          .flatMap(([word, { summary }]) => describe(word, summary)),
        "",
      ]
      : [],
    "Flags:",
    ...Object.entries<Flag>({ ...spec.flags, ...COMMON }).flatMap((
      [name, flag],
    ) => describeFlag(name, flag)),
    "",
    spec.examples.length > 1 ? "Examples:" : "Example:",
    ...spec.examples.flatMap(([command, what]) => [
      ...wrap(what, HELP_WIDTH - 4).map((line) => `  # ${line}`),
      `  ${command}`,
    ]),
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage",
  ].join("\n");
}

/** Makes the hint for a mistyped word: none if no known word is similar. */
function didYouMean(
  word: string | undefined,
): { readonly hint?: string } {
  return word === undefined ? {} : { hint: `Did you mean ${word}?` };
}

/** Makes the error for a value that is not taken. */
export function wrongValue(
  { name, given, choices = [], takes = `one of ${choices.join(", ")}` }: {
    readonly name: string;
    readonly given: string;
    readonly choices?: readonly string[] | undefined;
    /** What it takes. By default: one of the choices. */
    readonly takes?: string;
  },
): UsageError {
  return new UsageError(
    `${name} takes ${takes}: "${given}"`,
    didYouMean(closestTo(given, choices)),
  );
}

function valueOf(name: string, flag: Flag, given: unknown): unknown {
  if (!("parse" in flag)) return given === true;
  if (given === undefined) return flag.default;
  const text = String(given);
  if (text === "") {
    throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
  }
  const value = flag.parse(text);
  if (value !== undefined) return value;
  throw wrongValue({ ...flag, name: `--${name}`, given: text });
}

/** Joins `--flag -` and `--flag -5`, since the parser takes a dash for the start of the next flag, and refuses a value for a switch. */
function prepare(all: Flags, args: readonly string[]): string[] {
  const prepared: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return [...prepared, ...args.slice(i)];
    const [, name = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const flag = Object.hasOwn(all, name) ? all[name] : undefined;
    const next = args[i + 1] ?? "";
    if (flag && !("parse" in flag)) {
      if (value !== undefined && value !== "true" && value !== "false") {
        throw new UsageError(`--${name} takes no value: "${value}"`);
      }
    } else if (flag && value === undefined && /^-(\d|$)/.test(next)) {
      prepared.push(`${arg}=${next}`);
      i++;
      continue;
    }
    prepared.push(arg);
  }
  return prepared;
}

function checkArguments(
  { flags, arguments: names = [] }: Pick<
    TaskSpec<Flags, readonly string[]>,
    "flags" | "arguments"
  >,
  values: readonly string[],
): void {
  const excess = values[names.length];
  if (excess !== undefined) {
    throw new UsageError(
      `Unknown argument: ${excess}`,
      // Where there may be a file too, it can't be told which is meant.
      didYouMean(
        "topic" in flags && !("file" in flags)
          ? `--topic ${excess}`
          : undefined,
      ),
    );
  }
  const missing = names[values.length];
  if (missing && !missing.startsWith("[")) {
    throw new UsageError(`${missing} is missing`);
  }
}

/** Parses a command line, and fills in defaults. */
export function parseCommandLine<
  const F extends Flags,
  const A extends readonly string[],
>(
  spec: Pick<TaskSpec<F, A>, "flags" | "arguments">,
  args: readonly string[],
): {
  readonly flags: FlagValues<F> & FlagValues<typeof COMMON>;
  readonly args: ArgumentValues<A>;
} {
  const all: Flags = { ...spec.flags, ...COMMON };
  const { boolean = [], string = [] } = Object.groupBy(
    Object.keys(all),
    (name) => "parse" in (all[name] ?? {}) ? "string" : "boolean",
  );
  const words: string[] = [];
  const parsed: Record<string, unknown> = parseArgs(prepare(all, args), {
    boolean,
    string,
    unknown(arg) {
      const [, name] = /^-+([^=]+)/.exec(arg) ?? [];
      if (name === undefined) {
        words.push(arg);
        return false;
      }
      const meant = closestTo(name, Object.keys(all));
      throw new UsageError(
        `Unknown flag: ${arg}`,
        didYouMean(meant && `--${meant}`),
      );
    },
  });
  // What follows a lone "--" is only kept there: the parser doesn't call `unknown` for it.
  words.push(...[parsed["_"]].flat().map(String));
  const values: unknown = Object.fromEntries(
    Object.entries(all).map(([name, flag]) => [
      name,
      valueOf(name, flag, parsed[name]),
    ]),
  );
  // Behind the values: an empty one is taken for an argument by the parser.
  if (parsed["help"] !== true) checkArguments(spec, words);
  return {
    flags: values as FlagValues<F> & FlagValues<typeof COMMON>,
    args: words as unknown as ArgumentValues<A>,
  };
}

/** Writes an error for a person: the message, then the hint and the advice on lines of their own. */
export function describeError(
  error: unknown,
  { debug, permissions }: {
    readonly debug: boolean;
    readonly permissions?: string | undefined;
  },
): string {
  const steps = error instanceof PipelineError
    ? [
      ...error.hint?.split("\n") ?? [],
      adviceFor(error, permissions),
      nextStepFor(error),
    ]
    : [
      !debug &&
      "This was not expected. Run it again with --debug for the details.",
    ];
  const traces = [...causes(error)].map((cause) =>
    cause instanceof Error ? cause.stack ?? cause.message : String(cause)
  );
  return [
    `Error: ${messageOf(error)}`,
    ...steps.filter(Boolean).map((line) => `  ${line}`),
    ...debug ? traces : [],
  ].join("\n");
}

function exitCodeOf(
  error: unknown,
  { spec, debug }: {
    readonly spec: Pick<TaskSpec<Flags>, "name" | "permissions">;
    readonly debug: boolean;
  },
): number {
  // Neither is a failure: the reader has gone, or a stop came before all was done.
  if (error instanceof OutputClosedError) return EXIT.done;
  if (error instanceof StoppedError) {
    errors.print(`${error.message}.`);
    return EXIT.done;
  }
  const { permissions } = spec;
  errors.print(describeError(error, { debug, permissions }));
  if (!(error instanceof UsageError)) return EXIT.failed;
  errors.print(`  Run \`deno task ${spec.name} --help\` for its flags.`);
  return EXIT.usage;
}

/** Runs a task: parses its flags, answers `--help`, turns what is thrown into a message and an exit code. */
export async function runTask<
  const F extends Flags,
  const A extends readonly string[] = readonly [],
>(
  spec: TaskSpec<F, A>,
  main: TaskMain<F, A>,
  args: readonly string[] = Deno.args,
): Promise<never> {
  let code: number = EXIT.done;
  let thrown: unknown;
  const debug = args.includes("--debug");
  try {
    const parsed = parseCommandLine(spec, args);
    const { flags } = parsed;
    if (flags.timestamps) useTimestamps();
    if (flags.help) printLine(helpText(spec));
    else code = await main(flags, parsed.args) ?? EXIT.done;
  } catch (error) {
    thrown = error;
    code = exitCodeOf(error, { spec, debug });
  }
  await output.end();
  const { failure } = output;
  if (failure && failure !== thrown) {
    code = Math.max(code, exitCodeOf(failure, { spec, debug }));
  }
  // What is left is a few lines: not worth waiting for a reader that has stopped reading.
  errors.hurry();
  await errors.end();
  if (exportsToOtel()) return endByItself(code);
  Deno.exit(code);
}

/** How long a process that exports to OpenTelemetry may take to end by itself, in milliseconds: kafkajs leaves timers of 3 s. */
const END_TIMEOUT_MS = 5_000;

/** Lets the process end when nothing is left to do: Deno.exit() waits without end while metrics are exported (Deno 2.9.6). */
function endByItself(code: number): never {
  Deno.exitCode = code;
  Deno.unrefTimer(setTimeout(() => Deno.exit(code), END_TIMEOUT_MS));
  return undefined as never;
}

/** A task, or one of the things that a task does. */
export interface Task {
  readonly summary: string;
  /** Runs it with the arguments of the process, or with others. */
  readonly run: (args?: readonly string[]) => Promise<never>;
}

/** Makes a task of what {@linkcode runTask} takes. */
export function task<
  const F extends Flags,
  const A extends readonly string[] = readonly [],
>(spec: TaskSpec<F, A>, main: TaskMain<F, A>): Task {
  return { summary: spec.summary, run: (args) => runTask(spec, main, args) };
}

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
      throw wrongValue({
        name: "WORD",
        given: word,
        choices: Object.keys(words),
      });
    }, isFlag ? ["--help"] : []);
  };
  return { summary, run };
}
