/**
 * `deno task dlq`.
 *
 * @module
 */

import { dlqCommand } from "../lib/cli/dlq_command.ts";

await dlqCommand.run();
