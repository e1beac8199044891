/**
 * `deno task consume`: consumes a topic's events and shows each.
 *
 * @module
 */

import { consume } from "../consume/consume.ts";
import { DEFAULT_GROUP } from "../consume/options.ts";
import { task } from "./command.ts";
import { ConsumeReport } from "./consume_report.ts";
import { EVENT_FLAGS, readAnyEvent } from "./event_flags.ts";
import { integerFlag, textFlag } from "./flags.ts";
import { stopSignal } from "./signals.ts";
import {
  CONNECTION_FLAGS,
  connectionFrom,
  IDLE_EXIT_FLAG,
  JSON_FLAG,
  QUIET_FLAG,
} from "./task_flags.ts";
import { METRICS_FLAGS, observe } from "./telemetry.ts";

/** The command. */
export const consumeCommand = task({
  name: "consume",
  summary:
    "Consumes a topic's events, at least once each, and shows every one.",
  flags: {
    ...EVENT_FLAGS,
    group: textFlag(
      "NAME",
      "the consumer group, whose members share the partitions",
      { default: DEFAULT_GROUP },
    ),
    from: textFlag("WHERE", "where to begin when the group has no offset yet", {
      default: "earliest",
      choices: ["earliest", "latest"],
    }),
    count: integerFlag("N", "stop after so many events", {
      min: 1,
      max: 1_000_000_000,
    }),
    "idle-exit": IDLE_EXIT_FLAG,
    "on-error": textFlag(
      "WHAT",
      "keep what can't be processed in TOPIC.dlq and continue, or stop",
      { default: "dlq", choices: ["dlq", "stop"] },
    ),
    json: JSON_FLAG,
    quiet: QUIET_FLAG,
    ...METRICS_FLAGS,
    ...CONNECTION_FLAGS,
  },
  examples: [
    ["deno task consume --count 5", "Five events, and stop"],
    [
      "deno task consume --group audit --idle-exit 5 --json > events.ndjson",
      "All that is there, as JSON",
    ],
    ["deno task consume --event loyalty_scan", "The loyalty scans"],
    ["deno task consume --topic visits", "Any events, a line per field"],
  ],
}, async (flags) => {
  using stop = stopSignal();
  await using observation = await observe(flags);
  const connection = { ...connectionFrom(flags), signal: stop.signal };
  const { type, text, topic } = await readAnyEvent(flags, connection);
  const { group, from, count } = flags;
  const idleExitSeconds = flags["idle-exit"];
  const report = new ConsumeReport({ ...flags, topic, text });
  await report.around(() =>
    consume(type, report.consumed, {
      ...connection,
      topic,
      group,
      from,
      count,
      idleExitMs: idleExitSeconds && idleExitSeconds * 1_000,
      onError: flags["on-error"],
      assigned: report.assigned,
      beforeCommit: report.shown,
      setAside: report.setAside,
      tombstone: report.tombstone,
      stopping: report.stopping,
      telemetry: observation.telemetry,
    })
  );
});
