/**
 * `deno task demo`.
 *
 * @module
 */

import { demoCommand } from "../lib/cli/demo_command.ts";

await demoCommand.run();
