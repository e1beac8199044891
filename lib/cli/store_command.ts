/**
 * `deno task store`: stores a topic's events in a database, each once.
 *
 * @module
 */

import {
  DATABASE_VARIABLE,
  DEFAULT_DATABASE_PATH,
  resolveDatabase,
} from "../settings/database.ts";
import { databaseName, DEFAULT_STORE_GROUP, store } from "../store/store.ts";
import { runTask, type TaskSpec } from "./command.ts";
import { EVENT_FLAGS, readEvent } from "./event_flags.ts";
import { inputPath } from "./input_path.ts";
import { stopSignal } from "./signals.ts";
import { StoreReport } from "./store_report.ts";
import {
  CONNECTION_FLAGS,
  connectionFrom,
  IDLE_EXIT_FLAG,
  noteLine,
} from "./task_flags.ts";
import { METRICS_FLAGS, observe } from "./telemetry.ts";

const FLAGS = {
  ...EVENT_FLAGS,
  database: {
    type: "string",
    value: "PATH|URL",
    description:
      `the database: a file (SQLite) or postgres://USER@HOST:PORT/NAME; ${DEFAULT_DATABASE_PATH} by default`,
    env: DATABASE_VARIABLE,
  },
  group: {
    type: "string",
    value: "NAME",
    description: "the consumer group, whose members share the partitions",
    default: DEFAULT_STORE_GROUP,
  },
  count: {
    type: "integer",
    value: "N",
    description: "stop after so many events, at the end of a batch",
    min: 1,
    max: 1_000_000_000,
  },
  "idle-exit": IDLE_EXIT_FLAG,
  quiet: {
    type: "boolean",
    description: "leave out the lines on the progress",
  },
  ...METRICS_FLAGS,
  ...CONNECTION_FLAGS,
  timeout: {
    ...CONNECTION_FLAGS.timeout,
    description:
      "how long to wait for Kafka, the registry and the database at the start",
  },
} as const;

const SPEC = {
  name: "store",
  permissions: "store",
  summary:
    "Stores a topic's events in a database with sums and counts of them, each event once, whatever crashes.",
  flags: FLAGS,
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
} as const satisfies TaskSpec<typeof FLAGS>;

/** Runs the command. */
export async function storeCommand(): Promise<never> {
  return await runTask(SPEC, async (flags) => {
    using stop = stopSignal();
    await using observation = await observe(flags);
    const connection = connectionFrom(flags);
    const { type, text, kept, topic } = await readEvent(flags, connection);
    const { group, count, quiet } = flags;
    const database = resolveDatabase(
      flags.database?.includes("://") ? flags.database : flags.database &&
        inputPath(flags.database),
      { warn: noteLine, source: "--database" },
    );
    const idleExitSeconds = flags["idle-exit"];
    const report = new StoreReport({
      topic,
      plural: text.plural,
      database: databaseName(database),
      group,
      count,
      quiet,
    });
    report.starting();
    let failed = true;
    try {
      await store(type, kept, {
        ...connection,
        topic,
        group,
        count,
        database,
        ...(idleExitSeconds !== undefined &&
          { idleExitMs: idleExitSeconds * 1_000 }),
        signal: stop.signal,
        assigned: report.assigned,
        stored: report.stored,
        setAside: report.notes.setAside,
        tombstone: report.notes.tombstone,
        stopping: report.stopping,
        telemetry: observation.telemetry,
      });
      failed = false;
    } finally {
      if (report.listening || !failed) {
        await report.closed();
        report.account(failed);
      }
    }
  });
}
