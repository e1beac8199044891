/**
 * `deno task group`: shows consumer groups and their lag, and sets where one goes on.
 *
 * @module
 */

import { counted } from "../base/plural.ts";
import { pause } from "../base/pause.ts";
import { UsageError } from "../base/errors.ts";
import { listGroups, resetGroup, showGroup } from "../operate/groups.ts";
import { parseOffsetTarget } from "../operate/offset_target.ts";
import { task, taskOfWords } from "./command.ts";
import { switchFlag, textFlag, valueFlag } from "./flags.ts";
import {
  describeGroup,
  describeGroups,
  describeReset,
  groupJson,
} from "./group_report.ts";
import { note, output, printLine } from "./output.ts";
import { stopSignal } from "./signals.ts";
import {
  CONNECTION_FLAGS,
  connectionFrom,
  JSON_FLAG,
  PARTITION_FLAG,
} from "./task_flags.ts";

const WATCH_MS = 2_000;

const list = task({
  name: "group list",
  summary: "Lists the consumer groups with their members and lag.",
  flags: { json: JSON_FLAG, ...CONNECTION_FLAGS },
  examples: [["deno task group list", "Which groups are there?"]],
}, async (flags) => {
  const { config, ...options } = connectionFrom(flags);
  const { groups, silentBrokersCount } = await listGroups(config, options);
  if (silentBrokersCount > 0) {
    note(
      `No answer from ${
        counted(silentBrokersCount, "broker")
      }: their groups are missing.`,
    );
  }
  if (flags.json) { for (const group of groups) printLine(groupJson(group)); }
  else if (groups.length > 0 || silentBrokersCount === 0) {
    printLine(describeGroups(groups));
  }
});

const show = task({
  name: "group show",
  arguments: ["GROUP"],
  summary:
    "Shows how far a group has read in each partition, and who reads it. The lag is what is still to be read.",
  flags: {
    watch: switchFlag(`show it again every ${WATCH_MS / 1_000} s until Ctrl+C`),
    json: JSON_FLAG,
    ...CONNECTION_FLAGS,
  },
  examples: [[
    "deno task group show cafe-event-consumer-group",
    "Does the consumer keep up?",
  ]],
}, async (flags, [group]) => {
  using stop = stopSignal();
  const { signal } = stop;
  const { config, ...options } = connectionFrom(flags);
  const write = flags.json ? groupJson : describeGroup;
  do {
    printLine(write(await showGroup(config, group, { ...options, signal })));
    if (!flags.watch) return;
    await output.written();
    await pause(WATCH_MS, signal);
    if (!signal.aborted && !flags.json) printLine();
  } while (!signal.aborted);
});

const reset = task({
  name: "group reset",
  arguments: ["GROUP"],
  summary:
    "Sets where a group goes on. Only says what it would do, unless --execute is given. The group must have no members.",
  flags: {
    topic: textFlag("NAME", "the topic", { default: "demo" }),
    to: valueFlag(
      "WHERE",
      "earliest, latest, an offset, a time in ISO 8601, or +N or -N messages from where it is",
      {
        takes: "earliest, latest, an offset, a time in ISO 8601, +N or -N",
        parse: parseOffsetTarget,
      },
    ),
    partition: PARTITION_FLAG,
    execute: switchFlag("do it"),
    ...CONNECTION_FLAGS,
  },
  examples: [
    [
      "deno task group reset cafe-event-consumer-group --to earliest",
      "What would reading everything again mean?",
    ],
    [
      "deno task group reset cafe-event-consumer-group --to 2026-02-02T21:00:00Z --execute",
      "Go on at the first message of that time or later",
    ],
  ],
}, async (flags, [group]) => {
  const { topic, partition, to, execute } = flags;
  if (to === undefined) {
    throw new UsageError("--to is missing: where the group is to go on");
  }
  const { config, ...options } = connectionFrom(flags);
  const result = await resetGroup(config, {
    group,
    topic,
    partition,
    to,
    execute,
  }, options);
  const at = to.kind === "time"
    ? `, messages from ${new Date(to.timeMs).toISOString()} on`
    : "";
  printLine(`Group '${group}', topic '${topic}'${at}:`);
  printLine(describeReset(result, execute));
});

/** The command. */
export const groupCommand = taskOfWords({
  name: "group",
  summary: "Shows consumer groups and their lag, and sets where one goes on.",
  words: { list, show, reset },
  examples: [[
    "deno task group show cafe-event-consumer-group",
    "Does the consumer keep up?",
  ]],
});
