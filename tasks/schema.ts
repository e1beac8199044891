/**
 * `deno task schema`.
 *
 * @module
 */

import { schemaCommand } from "../lib/cli/schema_command.ts";

await schemaCommand.run();
