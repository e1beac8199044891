/**
 * `deno task peek`.
 *
 * @module
 */

import { peekCommand } from "../lib/cli/peek_command.ts";

await peekCommand.run();
