/**
 * `deno task group`.
 *
 * @module
 */

import { groupCommand } from "../lib/cli/group_command.ts";

await groupCommand.run();
