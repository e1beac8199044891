/**
 * `deno task setup`: makes the checkout ready. Imports nothing from JSR: it runs before JSR's packages resolve.
 *
 * @module
 */

import { setUp } from "../setup/setup.ts";
import { runTask } from "./command.ts";
import { errors, printLine } from "./output.ts";

/** Runs the command. */
export async function setupCommand(): Promise<never> {
  return await runTask({
    name: "setup",
    summary:
      "Makes the checkout ready: puts stand-ins for the packages of JSR where JSR can't be reached, and removes them " +
      "where the packages resolve.",
    flags: {
      quiet: {
        type: "boolean",
        description: "print nothing unless something changed",
      },
    },
    examples: [["deno task setup", "Make the checkout ready"]],
  }, async ({ quiet }) => {
    const { changed, message } = await setUp(
      new URL("../../", import.meta.url),
    );
    // With --quiet this is the first step of another task, and stdout is for that task's results.
    if (!quiet) printLine(message);
    else if (changed) errors.print(message);
  });
}
