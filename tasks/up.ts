/**
 * `deno task up`.
 *
 * @module
 */

import { upCommand } from "../lib/cli/up_command.ts";

await upCommand.run();
