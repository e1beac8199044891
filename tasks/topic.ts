/**
 * `deno task topic`.
 *
 * @module
 */

import { topicCommand } from "../lib/cli/topic_command.ts";

await topicCommand.run();
