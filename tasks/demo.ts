/**
 * `deno task demo`: the whole pipeline once.
 *
 * @module
 */

import { withEngine } from "../lib/engine/with_engine.ts";
import { runTask } from "../lib/cli/command.ts";
import { runDemo } from "../lib/cli/demo_command.ts";
import { stopSignal } from "../lib/cli/signals.ts";

await runTask({
  name: "demo",
  summary:
    "Runs the whole pipeline once: starts Kafka and the registry unless they run, creates the topic, produces five\n" +
    "orders, consumes them, checks that they are the same, and stops what it started.",
  flags: {
    keep: {
      type: "boolean",
      description: "leave Kafka and the registry running",
    },
  },
  examples: [["deno task demo", "See it work"]],
}, async ({ keep }) => {
  using stop = stopSignal();
  const notify = (line: string) => console.error(line);
  await withEngine(
    { keep, tell: notify },
    (config) => runDemo(config, { notify, signal: stop.signal }),
  );
});
