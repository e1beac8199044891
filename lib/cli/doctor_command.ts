/**
 * `deno task doctor`: looks at everything that the pipeline needs, and says what to do.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { DEFAULT_GROUP } from "../consume/options.ts";
import { examineMachine } from "../engine/machine.ts";
import { examine, type Finding } from "../operate/doctor.ts";
import { adviceFor } from "./advice.ts";
import { EXIT, task } from "./command.ts";
import { chooseEvent, EVENT_FLAG } from "./event_choice.ts";
import { checkEventTopic, TOPIC_FLAG } from "./event_flags.ts";
import { textFlag } from "./flags.ts";
import { printLine } from "./output.ts";
import { CONFIG_FLAGS, configFrom } from "./task_flags.ts";

const MARKS = { fine: "fine  ", note: "note  ", broken: "BROKEN" } as const;

function describe({ name, verdict, text, error }: Finding): string {
  const steps = error
    ? [...error.hint?.split("\n") ?? [], adviceFor(error)]
    : [];
  return [
    `${MARKS[verdict]}  ${name}: ${text}`,
    ...steps.filter(Boolean).map((step) => `          ${step}`),
  ].join("\n");
}

/** The command. */
export const doctorCommand = task({
  name: "doctor",
  summary:
    "Looks at everything that the pipeline needs, within 10 s, and says what to do. It changes nothing.",
  flags: {
    event: EVENT_FLAG,
    topic: TOPIC_FLAG,
    group: textFlag("NAME", "the consumer group", { default: DEFAULT_GROUP }),
    ...CONFIG_FLAGS,
  },
  examples: [["deno task doctor", "Why doesn't it run?"]],
}, async (flags) => {
  const config = configFrom(flags);
  const { type } = chooseEvent(flags.event);
  const topic = checkEventTopic(flags.topic ?? type.topic);
  const { group } = flags;
  const { schemaText } = type;
  let isBroken = false;
  const silent = new Set<string>();
  const machine = examineMachine(config);
  for await (const finding of examine(config, { topic, group, schemaText })) {
    isBroken ||= finding.verdict === "broken";
    for (const address of finding.silent ?? []) silent.add(address);
    printLine(describe(finding));
  }
  for (const { name, text, problem, address } of await machine) {
    const isSilent = address !== undefined && silent.has(address);
    const isFine = problem === undefined || address && !isSilent;
    printLine(describe({
      name,
      verdict: isFine ? "fine" : "note",
      text,
      error: isSilent || isBroken && !isFine
        ? new PipelineError(text, { hint: problem })
        : undefined,
    }));
  }
  if (isBroken) {
    printLine("The pipeline can't run.");
    return EXIT.failed;
  }
  printLine("The pipeline can run.");
  return EXIT.done;
});
