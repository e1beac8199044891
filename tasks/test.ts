/**
 * `deno task test`: runs every test against a throwaway engine on free ports.
 *
 * @module
 */

import { runTask, type TaskSpec } from "../lib/cli/command.ts";
import { runTests } from "../lib/cli/test_command.ts";

const SPEC = {
  name: "test",
  summary:
    "Starts a throwaway Kafka and registry on free ports, runs every test against them, and removes them.\n" +
    "Whatever follows goes to `deno test`: files, folders, and its flags.",
  flags: {},
  examples: [
    ["deno task test", "Every test"],
    ["deno task test tests/engine --filter=down", "Some of them"],
  ],
} as const satisfies TaskSpec<Record<never, never>>;

if (import.meta.main) {
  // All other arguments are those of `deno test`, not of this task.
  const args = Deno.args.filter((arg) => arg === "--help");
  await runTask(SPEC, () => runTests(Deno.args), args);
}
