/**
 * The command line of `deno task setup`. It reads its two flags by itself: the package that the other tasks parse theirs with
 * is one that this task provides.
 *
 * @module
 */

import { messageOf, PipelineError } from "../base/errors.ts";
import { setUp } from "../setup/setup.ts";
import { errors, output, printLine } from "./output.ts";

const HELP =
  `Makes the checkout ready: puts stand-ins for the packages of JSR where JSR can't be reached, and
removes them where the packages resolve.

Usage: deno task setup [flags]

Flags:
  --quiet  print nothing unless something changed
  --help   show this help

Example:
  # make the checkout ready
  deno task setup

Exit codes: 0 done, 1 failed, 2 wrong usage`;

/** Runs the task, and returns its exit code. */
export async function runSetup(args: readonly string[]): Promise<number> {
  const code = await run(args);
  await Promise.all([output.end(), errors.end()]);
  return code;
}

async function run(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => !["--quiet", "--help"].includes(arg));
  if (unknown !== undefined) {
    const what = unknown.startsWith("-") ? "flag" : "argument";
    errors.print(`Error: Unknown ${what}: ${unknown}`);
    errors.print("  Run `deno task setup --help` for its flags.");
    return 2;
  }
  if (args.includes("--help")) {
    printLine(HELP);
    return 0;
  }
  try {
    const { changed, message } = await setUp();
    // With --quiet this is the first step of another task, and stdout is for that task's results.
    if (!args.includes("--quiet")) printLine(message);
    else if (changed) errors.print(message);
    return 0;
  } catch (error) {
    errors.print(`Error: ${messageOf(error)}`);
    if (error instanceof PipelineError && error.hint) {
      errors.print(`  ${error.hint}`);
    }
    return 1;
  }
}
