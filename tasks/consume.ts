/**
 * `deno task consume`.
 *
 * @module
 */

import { consumeCommand } from "../lib/cli/consume_command.ts";

await consumeCommand.run();
