/**
 * `deno task test`.
 *
 * @module
 */

import { testCommand } from "../tests/support/test_command.ts";

await testCommand();
