/**
 * `deno task doctor`.
 *
 * @module
 */

import { doctorCommand } from "../lib/cli/doctor_command.ts";

await doctorCommand.run();
