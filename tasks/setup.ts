/**
 * `deno task setup`: makes the checkout ready.
 *
 * @module
 */

import { runSetup } from "../lib/cli/setup_command.ts";

// A child process that outlives its deadline must not delay the end.
Deno.exit(await runSetup(Deno.args));
