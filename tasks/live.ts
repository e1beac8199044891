/**
 * `deno task live`.
 *
 * @module
 */

import { liveCommand } from "../lib/cli/live_command.ts";

await liveCommand.run();
