/**
 * `deno task down`: stops what `deno task up` started.
 *
 * @module
 */

import { runTask } from "../lib/cli/command.ts";
import { note, printLine } from "../lib/cli/output.ts";
import { describeStop, stopEngine } from "../lib/engine/mod.ts";

if (import.meta.main) {
  await runTask({
    name: "down",
    summary:
      "Stops the Kafka and the Schema Registry that `deno task up` started. Their data stays.",
    flags: {
      wipe: {
        type: "boolean",
        description: "remove the data too: topics, offsets, schemas",
      },
    },
    examples: [
      ["deno task down", "Stop; the next `deno task up` has the same topics"],
      ["deno task down --wipe", "Stop; the next `deno task up` begins empty"],
    ],
  }, async ({ wipe }) => {
    const stopped = await stopEngine({
      wipe,
      notify: note,
    });
    printLine(describeStop(stopped));
  });
}
