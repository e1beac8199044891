/**
 * `deno task demo`: the whole pipeline once.
 *
 * @module
 */

import { runTask } from "../lib/cli/command.ts";
import { runDemo } from "../lib/cli/demo_command.ts";
import { note } from "../lib/cli/output.ts";
import { stopSignal } from "../lib/cli/signals.ts";
import { withEngine } from "../lib/engine/with_engine.ts";

await runTask({
  name: "demo",
  summary:
    "Runs the whole pipeline once: starts Kafka and the registry unless those of this checkout run, creates the topic,\n" +
    "produces five events, consumes them, checks that they are the same, and stops what it started.",
  flags: {
    keep: {
      type: "boolean",
      description: "leave Kafka and the registry running",
    },
  },
  examples: [["deno task demo", "See it work"]],
}, async ({ keep }) => {
  using stop = stopSignal();
  const { signal } = stop;
  await withEngine(
    { keep, notify: note, signal },
    (config) => runDemo(config, { notify: note, signal }),
  );
});
