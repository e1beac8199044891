/**
 * `deno task down`.
 *
 * @module
 */

import { downCommand } from "../lib/cli/down_command.ts";

await downCommand.run();
