/**
 * `deno task down`: stops what `deno task up` started.
 *
 * @module
 */

import { stopEngine } from "../engine/mod.ts";
import { task } from "./command.ts";
import { describeStop } from "./engine_report.ts";
import { switchFlag } from "./flags.ts";
import { note, printLine } from "./output.ts";

/** The command. */
export const downCommand = task({
  name: "down",
  summary:
    "Stops the Kafka and the Schema Registry that `deno task up` started. Their data stays.",
  flags: {
    wipe: switchFlag("remove the data too: topics, offsets, schemas"),
  },
  examples: [
    ["deno task down", "Stop; the next `deno task up` has the same topics"],
    ["deno task down --wipe", "Stop; the next `deno task up` begins empty"],
  ],
}, async ({ wipe }) => {
  printLine(describeStop(await stopEngine({ wipe, notify: note })));
});
