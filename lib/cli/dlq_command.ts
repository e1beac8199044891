/**
 * `deno task dlq`: lists a topic's dead letters, sends their messages back, or changes one.
 *
 * @module
 */

import { messageOf, PipelineError, UsageError } from "../base/errors.ts";
import { parseIsoTime } from "../base/iso_time.ts";
import { parsePlaceWord } from "../consume/dead_letters/dead_letter.ts";
import {
  type DeadLetter,
  type DeadLetterOptions,
  listDeadLetters,
  matchOrigin,
  replayDeadLetters,
} from "../consume/dead_letters/dlq.ts";
import {
  findLetter,
  letterEncoder,
  letterText,
} from "../consume/dead_letters/edit.ts";
import type { EventType } from "../events/event_type.ts";
import { EventRegistry } from "../registry/registry.ts";
import type { Config } from "../settings/config.ts";
import { EXIT, task, taskOfWords } from "./command.ts";
import {
  describeCounts,
  describeLetter,
  describeReplay,
  letterJson,
  replayPrinter,
} from "./dlq_report.ts";
import { chooseEvent, EVENT_FLAG } from "./event_choice.ts";
import { checkEventTopic, EVENT_FLAGS, readEvent } from "./event_flags.ts";
import { type FlagValues, switchFlag, textFlag, valueFlag } from "./flags.ts";
import { output, printLine } from "./output.ts";
import { stopSignal } from "./signals.ts";
import { CONNECTION_FLAGS, connectionFrom, JSON_FLAG } from "./task_flags.ts";

const FLAGS = {
  event: EVENT_FLAG,
  topic: textFlag(
    "NAME",
    "the topic that they come from; the event's own by default",
  ),
  reason: textFlag("TEXT", "only those whose reason contains this"),
  group: textFlag("NAME", "only those that this consumer group set aside"),
  since: valueFlag("TIME", "only those set aside since, in ISO 8601", {
    takes: "a time in ISO 8601",
    parse: parseIsoTime,
  }),
  json: JSON_FLAG,
  ...CONNECTION_FLAGS,
};

const ORIGIN_HELP = "TOPIC/PARTITION/OFFSET, as the list shows it";

function originMatcher(origin: string): (letter: DeadLetter) => boolean {
  const matches = matchOrigin(origin);
  if (matches) return matches;
  throw new UsageError(`An origin is ${ORIGIN_HELP}: "${origin}"`);
}

function matcher(
  { reason, group, since = -Infinity, origin }:
    & Pick<FlagValues<typeof FLAGS>, "reason" | "group" | "since">
    & { readonly origin?: string | undefined },
): (letter: DeadLetter) => boolean {
  const wanted = reason?.toLowerCase() ?? "";
  const comesFrom = origin === undefined ? () => true : originMatcher(origin);
  return (letter) =>
    (letter.reason ?? "").toLowerCase().includes(wanted) &&
    (group === undefined || letter.groups.includes(group)) &&
    (letter.setAsideAt ?? letter.timestamp) >= since &&
    comesFrom(letter);
}

const list = task({
  name: "dlq list",
  summary:
    "Lists the messages that could not be processed, each with the reason and the groups that set it aside.",
  flags: {
    ...FLAGS,
    count: switchFlag("only say how many there are"),
  },
  examples: [
    ["deno task dlq", "What could not be processed, and why"],
    ["deno task dlq list --reason schema --count", "How many for one reason"],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const topic = checkEventTopic(
    flags.topic ?? chooseEvent(flags.event).type.topic,
  );
  const matches = matcher(flags);
  const { config, ...connection } = connectionFrom(flags);
  const write = flags.json ? letterJson : describeLetter;
  const show = (letter: DeadLetter) => {
    printLine(write(letter));
    return output.full ? output.written() : undefined;
  };
  const counts = await listDeadLetters(config, flags.count ? () => {} : show, {
    ...connection,
    topic,
    matches,
    signal: stop.signal,
  });
  if (!flags.json) printLine(describeCounts(topic, counts));
});

const replay = task({
  name: "dlq replay",
  summary:
    "Sends messages back to where they came from, each once, whoever set it aside.",
  flags: {
    ...FLAGS,
    origin: textFlag(
      "PLACE",
      `only the message that was there: ${ORIGIN_HELP}`,
    ),
    "dry-run": switchFlag("send nothing, say what would be"),
  },
  examples: [
    ["deno task dlq replay --dry-run", "What would be sent back?"],
    ["deno task dlq replay --origin demo/1/42", "One message"],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const topic = checkEventTopic(
    flags.topic ?? parsePlaceWord(flags.origin)?.topic ??
      chooseEvent(flags.event).type.topic,
  );
  const matches = matcher(flags);
  const dryRun = flags["dry-run"];
  const { config, ...connection } = connectionFrom(flags);
  const print = replayPrinter(topic, flags.json);
  const summary = await replayDeadLetters(config, print, {
    ...connection,
    topic,
    matches,
    dryRun,
    signal: stop.signal,
  });
  if (!flags.json) printLine(describeReplay(topic, summary, dryRun));
  return summary?.skipped ? EXIT.failed : EXIT.done;
});

const edit = task({
  name: "dlq edit",
  arguments: ["ORIGIN"],
  summary:
    "Changes a message's value, in $EDITOR or from standard input, checks it and sends it back. " +
    `The origin is ${ORIGIN_HELP}.`,
  flags: {
    event: EVENT_FLAGS.event,
    schema: EVENT_FLAGS.schema,
    ...CONNECTION_FLAGS,
  },
  examples: [
    ["deno task dlq edit demo/1/42", "In the editor"],
    [
      "deno task dlq edit demo/1/42 < fixed.json",
      "With the event of a file in place of it",
    ],
  ],
}, async (flags, [origin]) => {
  using stop = stopSignal();
  const matches = originMatcher(origin);
  const topic = checkEventTopic(parsePlaceWord(origin)?.topic ?? "");
  const { config, ...connection } = {
    ...connectionFrom(flags),
    signal: stop.signal,
  };
  const options = { ...connection, topic, matches };
  const { type } = await readEvent({ ...flags, topic }, { ...options, config });
  const value = await editLetter(config, { type, origin }, options);
  const summary = await replayDeadLetters(config, replayPrinter(topic, false), {
    ...options,
    value,
  });
  printLine(describeReplay(topic, summary));
});

/** Where the text is while an editor has it. */
const FOLDER = ".edit";

/** Lets a person change a message's value, and encodes the result. */
async function editLetter<T>(
  config: Config,
  wanted: { readonly type: EventType<T>; readonly origin: string },
  options: DeadLetterOptions,
): Promise<Uint8Array> {
  const { type, origin } = wanted;
  const { topic } = options;
  const letter = await findLetter(config, origin, options);
  const encode = await letterEncoder(
    await EventRegistry.connect(config, options),
    type,
    { topic, schema: "register" },
  );
  if (!Deno.stdin.isTerminal()) {
    return encode(await new Response(Deno.stdin.readable).text());
  }
  const path = `${FOLDER}/${origin.replaceAll("/", "-")}.json`;
  const text = await editText(letterText(letter), { path, origin });
  try {
    const value = encode(text);
    await Deno.remove(path);
    return value;
  } catch (cause) {
    throw new PipelineError(messageOf(cause), {
      cause,
      hint:
        `What you wrote is in ${path}. Correct it there, and pipe it in: deno task dlq edit ${origin} < ${path}`,
    });
  }
}

async function editText(
  text: string,
  { path, origin }: { readonly path: string; readonly origin: string },
): Promise<string> {
  const [program = "vi", ...args] = (Deno.env.get("EDITOR") || "vi").split(" ");
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeTextFile(path, text);
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args, path],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (!success) throw new PipelineError(`${program} ended with an error`);
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw new PipelineError(`Can't run ${program}: ${messageOf(cause)}`, {
      cause,
      hint:
        `Edit ${path} another way, and pipe it in: deno task dlq edit ${origin} < ${path}`,
    });
  }
  const edited = await Deno.readTextFile(path);
  if (edited === text) {
    throw new PipelineError("Nothing was changed, so nothing was sent");
  }
  return edited;
}

/** The command. */
export const dlqCommand = taskOfWords({
  name: "dlq",
  summary:
    "Looks at a topic's dead letters, the messages that could not be processed, and sends them back.",
  words: { list, replay, edit },
  examples: [
    ["deno task dlq", "What could not be processed, and why"],
    ["deno task dlq replay", "Try it again, once the cause is fixed"],
  ],
});
