/**
 * `deno task store`.
 *
 * @module
 */

import { storeCommand } from "../lib/cli/store_command.ts";

await storeCommand.run();
