/**
 * `deno task dlq`: lists a topic's dead letters, or sends them back.
 *
 * @module
 */

import {
  listDeadLetters,
  replayDeadLetters,
} from "../consume/dead_letters/dlq.ts";
import { EXIT, runTask, type TaskSpec } from "./command.ts";
import { DlqReport } from "./dlq_report.ts";
import { chooseEvent, EVENT_FLAG } from "./event_choice.ts";
import { checkEventTopic } from "./event_topic.ts";
import { stopSignal } from "./signals.ts";
import {
  clientOptions,
  CONFIG_FLAGS,
  configFrom,
  TIMEOUT_FLAG,
} from "./task_flags.ts";

const FLAGS = {
  event: EVENT_FLAG,
  topic: {
    type: "string",
    value: "NAME",
    description: "the topic that they come from; the event's own by default",
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
} as const;

const SPEC = {
  name: "dlq",
  summary:
    "Lists a topic's dead letters, the messages that could not be processed, or sends them back.",
  flags: FLAGS,
  examples: [
    ["deno task dlq", "What could not be processed, and why"],
    ["deno task dlq --replay", "Try it again, once the cause is fixed"],
  ],
} as const satisfies TaskSpec<typeof FLAGS>;

/**
 * Runs the command.
 *
 * @returns Never: the process ends.
 */
export async function dlqCommand(): Promise<never> {
  return await runTask(SPEC, async (flags) => {
    const { json } = flags;
    const topic = checkEventTopic(
      flags.topic ?? chooseEvent(flags.event).type.topic,
    );
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
}
