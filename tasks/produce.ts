/**
 * `deno task produce`.
 *
 * @module
 */

import { produceCommand } from "../lib/cli/produce_command.ts";

await produceCommand.run();
