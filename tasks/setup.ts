/**
 * `deno task setup`.
 *
 * @module
 */

import { setupCommand } from "../lib/cli/setup_command.ts";

await setupCommand();
