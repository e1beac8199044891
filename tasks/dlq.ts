/**
 * `deno task dlq`: lists the topic's dead letters, or sends them back.
 *
 * @module
 */

import { checkEventTopic } from "../lib/cli/event_topic.ts";
import {
  clientOptions,
  CONFIG_FLAGS,
  configFrom,
  DlqReport,
  EXIT,
  listDeadLetters,
  replayDeadLetters,
  runTask,
  stopSignal,
  TIMEOUT_FLAG,
} from "../lib/mod.ts";

await runTask({
  name: "dlq",
  summary:
    "Lists the topic's dead letters: the messages that could not be processed. Or sends them back.",
  flags: {
    topic: {
      type: "string",
      value: "NAME",
      description: "the topic that they come from",
      default: "demo",
    },
    replay: {
      type: "boolean",
      description: "send back what was not sent back yet",
    },
    json: {
      type: "boolean",
      description: "print one JSON object a line; a value in base64",
    },
    timeout: TIMEOUT_FLAG,
    ...CONFIG_FLAGS,
  },
  examples: [
    ["deno task dlq", "What could not be processed, and why"],
    ["deno task dlq --replay", "Try it again, after the cause is mended"],
  ],
}, async (flags) => {
  const { json } = flags;
  const topic = checkEventTopic(flags.topic);
  const config = configFrom(flags);
  using stop = stopSignal();
  const options = {
    ...clientOptions(flags, config),
    topic,
    signal: stop.signal,
  };
  const report = new DlqReport(topic, json);
  if (!flags.replay) {
    report.listed(await listDeadLetters(config, report.letter, options));
    return EXIT.done;
  }
  const summary = await replayDeadLetters(config, report.replay, options);
  report.done(summary);
  return summary?.skipped ? EXIT.failed : EXIT.done;
});
