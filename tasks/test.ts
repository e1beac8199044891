/**
 * `deno task test`.
 *
 * @module
 */

import { testCommand } from "../lib/cli/test_command.ts";

await testCommand();
