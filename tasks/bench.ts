/**
 * `deno task bench`.
 *
 * @module
 */

import { benchCommand } from "../tests/bench/command.ts";

await benchCommand();
