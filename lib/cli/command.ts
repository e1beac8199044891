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
import { escapeUnsafe } from "../base/terminal_text.ts";
import { adviceFor } from "./advice.ts";
import { OutputClosedError, printLine } from "./output.ts";

/** What every kind of flag has. */
export interface FlagBase {
  /** One line for `--help`; the default is added to it. */
  readonly description: string;
  /** The environment variable that sets it where the flag is absent. Only named in `--help`. */
  readonly env?: string;
}

/** A flag with a text value. */
export interface StringFlag extends FlagBase {
  /** Which kind of flag this is. */
  readonly type: "string";
  /** How the value is called in `--help`. */
  readonly value: string;
  /** The value without the flag; none where it is left out. */
  readonly default?: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
}

/** A flag with a number for value. */
export interface NumberFlag extends FlagBase {
  /** Which kind of flag this is: whole numbers only, or decimals too. */
  readonly type: "integer" | "number";
  /** How the value is called in `--help`, its unit included. */
  readonly value: string;
  /** The value without the flag; none where it is left out. */
  readonly default?: number;
  /** The lowest value allowed. */
  readonly min: number;
  /** The highest value allowed. */
  readonly max: number;
}

/** A flag that is there or not. */
export interface BooleanFlag extends FlagBase {
  /** Which kind of flag this is. */
  readonly type: "boolean";
}

/** One row of a task's flag table. */
export type Flag = StringFlag | NumberFlag | BooleanFlag;

/** A task's flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values that a flag table parses to. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends BooleanFlag ? boolean
    :
      | (F[K] extends NumberFlag ? number
        : F[K] extends { readonly choices: readonly (infer C)[] } ? C
        : string)
      | (F[K] extends { readonly default: string | number } ? never
        : undefined);
};

/** What a task is: its name, its flags and what `--help` says of it. */
export interface TaskSpec<F extends Flags> {
  /** The name behind `deno task`. */
  readonly name: string;
  /** What it does, in one or two sentences. */
  readonly summary: string;
  /** Its flags; `--help` and `--debug` are added. */
  readonly flags: F;
  /** Command lines to copy, each with what it does. */
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** The exit codes of every task. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const COMMON: Flags = {
  debug: {
    type: "boolean",
    description: "show stack traces and the libraries' own log lines",
  },
  help: { type: "boolean", description: "show this help" },
};

function rowOf(name: string, flag: Flag): [string, string] {
  const left = flag.type === "boolean"
    ? `--${name}`
    : `--${name} ${flag.value}`;
  const facts: string[] = [];
  if (flag.type === "string" && flag.choices) {
    facts.push(`one of ${flag.choices.join(", ")}`);
  }
  if (flag.type !== "boolean" && flag.default !== undefined) {
    facts.push(`default ${flag.default}`);
  }
  if (flag.env) facts.push(`environment ${flag.env}`);
  return [
    left,
    flag.description + (facts.length > 0 ? ` (${facts.join("; ")})` : ""),
  ];
}

/**
 * Writes the text of `--help`.
 *
 * @param spec The task.
 * @returns Usage, flags with their defaults and environment names, and examples.
 */
export function helpText<F extends Flags>(spec: TaskSpec<F>): string {
  const rows = Object.entries<Flag>({ ...spec.flags, ...COMMON }).map((
    [k, f],
  ) => rowOf(k, f));
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    spec.summary,
    "",
    `Usage: deno task ${spec.name} [flags]`,
    "",
    "Flags:",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    spec.examples.length > 1 ? "Examples:" : "Example:",
    ...spec.examples.flatMap((
      [command, what],
    ) => [`  # ${what}`, `  ${command}`]),
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage",
  ].join("\n");
}

function parseNumber(name: string, flag: NumberFlag, text: string): number {
  const shape = flag.type === "integer" ? /^[+-]?\d+$/ : /^[+-]?\d+(\.\d+)?$/;
  const value = Number(text);
  if (
    !shape.test(text) || !Number.isFinite(value) || value < flag.min ||
    value > flag.max
  ) {
    const kind = flag.type === "integer" ? "a whole number" : "a number";
    throw new UsageError(
      `--${name} takes ${kind} from ${flag.min} to ${flag.max}: "${text}"`,
    );
  }
  return value;
}

function needsValue(name: string, flag: StringFlag | NumberFlag): UsageError {
  return new UsageError(
    `--${name} needs a value: --${name} ${flag.value}`,
  );
}

/**
 * Puts `--flag -` and `--flag -5` in one piece, since the parser takes what begins with a dash for the next flag, and refuses
 * what it would read as something else than it says: an empty value, and a value where none belongs.
 */
function prepare(all: Flags, args: readonly string[]): string[] {
  const prepared: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return [...prepared, ...args.slice(i)];
    const [, name = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const flag = Object.hasOwn(all, name) ? all[name] : undefined;
    if (flag?.type === "boolean") {
      if (value !== undefined && value !== "true" && value !== "false") {
        throw new UsageError(`--${name} takes no value: "${value}"`);
      }
    } else if (flag) {
      const next = args[i + 1];
      if (value === "" || (value === undefined && next === "")) {
        throw needsValue(name, flag);
      }
      if (value === undefined && next && /^-(\d|$)/.test(next)) {
        prepared.push(`${arg}=${next}`);
        i++;
        continue;
      }
    }
    prepared.push(arg);
  }
  return prepared;
}

/**
 * Parses a command line by a flag table.
 *
 * @param flags The table.
 * @param args The command line, without the program.
 * @returns Every flag's value, defaults filled in.
 * @throws {UsageError} If a flag is unknown, lacks its value, or its value is out of range.
 */
export function parseFlags<const F extends Flags>(
  flags: F,
  args: readonly string[],
): FlagValues<F> {
  const all: Flags = { ...flags, ...COMMON };
  const names = (wanted: boolean) =>
    Object.keys(all).filter((name) =>
      (all[name]?.type === "boolean") === wanted
    );
  const unknown: string[] = [];
  const parsed: Record<string, unknown> = parseArgs(prepare(all, args), {
    boolean: names(true),
    string: names(false),
    unknown: (arg) => {
      unknown.push(arg);
      return false;
    },
  });
  // Only what follows a lone "--" is kept there: the parser asks nobody about it.
  const [stray] = [...unknown, ...[parsed["_"]].flat().map(String)];
  if (stray !== undefined) {
    const what = /^-./.test(stray) ? "flag" : "argument";
    throw new UsageError(`Unknown ${what}: ${stray}`);
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(all)) {
    const given = parsed[name];
    if (flag.type === "boolean") {
      values[name] = given === true;
      continue;
    }
    if (given === undefined) {
      values[name] = flag.default;
      continue;
    }
    const text = String(given);
    if (text === "") {
      throw needsValue(name, flag);
    }
    if (flag.type !== "string") {
      values[name] = parseNumber(name, flag, text);
    } else if (flag.choices && !flag.choices.includes(text)) {
      throw new UsageError(
        `--${name} takes one of ${flag.choices.join(", ")}: "${text}"`,
      );
    } else {
      values[name] = text;
    }
  }
  return values as FlagValues<F>;
}

/**
 * Writes an error as a person should read it.
 *
 * @param error What was thrown.
 * @param debug Whether to add stack traces.
 * @returns The message, then the hint and the advice on lines of their own.
 */
export function describeError(error: unknown, debug: boolean): string {
  const lines: string[] = [];
  if (error instanceof PipelineError) {
    lines.push(`Error: ${error.message}`);
    if (error.hint) {
      lines.push(...error.hint.split("\n").map((line) => `  ${line}`));
    }
    const advice = adviceFor(error);
    if (advice) {
      lines.push(`  ${advice}`);
    }
  } else {
    lines.push(`Error: ${messageOf(error)}`);
    if (!debug) {
      lines.push(
        "  This was not expected. Run it again with --debug for the details.",
      );
    }
  }
  if (debug) {
    for (const cause of causes(error)) {
      lines.push(
        cause instanceof Error ? cause.stack ?? cause.message : String(cause),
      );
    }
  }
  return lines.map(escapeLines).join("\n");
}

/** An error may have text of a message or of a server in it. */
function escapeLines(text: string): string {
  return text.split("\n").map(escapeUnsafe).join("\n");
}

/** A standard error that is full or closed must not change the exit code. */
function printError(text: string): void {
  try {
    console.error(text);
  } catch {
    // There is nowhere left to say it.
  }
}

/**
 * Runs a task: parses its flags, answers `--help`, turns what is thrown into a message and an exit code.
 *
 * @param spec The task.
 * @param main Its work. A number that it returns is the exit code; nothing is 0.
 * @param args The command line; the process's own by default.
 * @returns Never: the process ends.
 */
export async function runTask<const F extends Flags>(
  spec: TaskSpec<F>,
  main: (
    flags: FlagValues<F> & { readonly debug: boolean },
  ) => Promise<number | void> | number | void,
  args: readonly string[] = Deno.args,
): Promise<never> {
  let debug = args.includes("--debug");
  try {
    const flags = parseFlags(spec.flags, args) as
      & FlagValues<F>
      & { readonly debug: boolean; readonly help: boolean };
    debug = flags.debug;
    if (flags.help) {
      printLine(helpText(spec));
      Deno.exit(EXIT.done);
    }
    Deno.exit(await main(flags) ?? EXIT.done);
  } catch (error) {
    // Nobody reads any more, or a stop came before there was anything to do: both are a clean end.
    if (error instanceof OutputClosedError || error instanceof StoppedError) {
      Deno.exit(EXIT.done);
    }
    printError(describeError(error, debug));
    if (!(error instanceof UsageError)) Deno.exit(EXIT.failed);
    printError(`  Run \`deno task ${spec.name} --help\` for its flags.`);
    Deno.exit(EXIT.usage);
  }
}
