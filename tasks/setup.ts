/**
 * `deno task setup`: makes the checkout ready. Reads its two flags by hand, as the package that the
 * other tasks read theirs with is what this one provides.
 *
 * @module
 */

import { messageOf, PipelineError } from "../lib/base/errors.ts";
import { setUp } from "../lib/setup/setup.ts";

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

const unknown = Deno.args.find((arg) => !["--quiet", "--help"].includes(arg));
if (unknown !== undefined) {
  const what = unknown.startsWith("-") ? "flag" : "argument";
  console.error(`Error: Unknown ${what}: ${unknown}`);
  console.error("  Run `deno task setup --help` for its flags.");
  Deno.exit(2);
}
if (Deno.args.includes("--help")) {
  console.log(HELP);
  Deno.exit(0);
}
try {
  const { changed, message } = await setUp(new URL("../", import.meta.url));
  // With --quiet this is a first step of another task, whose results alone belong on stdout.
  if (!Deno.args.includes("--quiet")) console.log(message);
  else if (changed) console.error(message);
} catch (error) {
  console.error(`Error: ${messageOf(error)}`);
  if (error instanceof PipelineError && error.hint) {
    console.error(`  ${error.hint}`);
  }
  Deno.exit(1);
}
// A child that outlived its deadline must not hold up the end.
Deno.exit(0);
