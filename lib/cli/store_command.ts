/**
 * `deno task store`: stores a topic's events in a database, each once.
 *
 * @module
 */

import { databaseName, DEFAULT_STORE_GROUP, store } from "../store/store.ts";
import { task } from "./command.ts";
import { EVENT_FLAGS, readEvent } from "./event_flags.ts";
import { integerFlag, switchFlag, textFlag } from "./flags.ts";
import { stopSignal } from "./signals.ts";
import { StoreReport } from "./store_report.ts";
import {
  CONNECTION_FLAGS,
  connectionFrom,
  DATABASE_FLAG,
  databaseFrom,
  IDLE_EXIT_FLAG,
} from "./task_flags.ts";
import { METRICS_FLAGS, observe } from "./telemetry.ts";

/** The command. */
export const storeCommand = task({
  name: "store",
  permissions: "store",
  summary:
    "Stores a topic's events in a database with sums and counts of them, each event once, whatever crashes.",
  flags: {
    ...EVENT_FLAGS,
    database: DATABASE_FLAG,
    group: textFlag(
      "NAME",
      "the consumer group, whose members share the partitions",
      { default: DEFAULT_STORE_GROUP },
    ),
    count: integerFlag(
      "N",
      "stop after so many events, at the end of a batch",
      {
        min: 1,
        max: 1_000_000_000,
      },
    ),
    "idle-exit": IDLE_EXIT_FLAG,
    quiet: switchFlag("leave out the lines on the progress"),
    ...METRICS_FLAGS,
    ...CONNECTION_FLAGS,
  },
  examples: [
    ["deno task store", "Until Ctrl+C, into a file"],
    [
      "deno task store --database postgres://cafe@localhost:5432/cafe",
      "Into PostgreSQL, with the password in DATABASE_PASSWORD_FILE",
    ],
    [
      "deno task store --event loyalty_scan --idle-exit 5",
      "The loyalty scans that are there",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  await using observation = await observe(flags);
  const connection = connectionFrom(flags);
  const { type, text, kept, topic } = await readEvent(flags, connection);
  const { group, count, quiet } = flags;
  const database = databaseFrom(flags.database);
  const idleExitSeconds = flags["idle-exit"];
  const report = new StoreReport({
    topic,
    noun: text.noun,
    database: databaseName(database),
    group,
    count,
    quiet,
  });
  await report.around(() =>
    store(type, kept, {
      ...connection,
      topic,
      group,
      count,
      database,
      idleExitMs: idleExitSeconds && idleExitSeconds * 1_000,
      signal: stop.signal,
      assigned: report.assigned,
      stored: report.stored,
      setAside: report.setAside,
      tombstone: report.tombstone,
      stopping: report.stopping,
      telemetry: observation.telemetry,
    })
  );
});
