/**
 * `deno task dashboard`.
 *
 * @module
 */

import { dashboardCommand } from "../lib/cli/dashboard_command.ts";

await dashboardCommand.run();
