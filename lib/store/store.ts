/**
 * Storing a topic's events in a database, each once.
 *
 * @module
 */

import { waitFor, type WaitOptions, withDeadline } from "../base/retry.ts";
import { consumeBatches } from "../consume/consume.ts";
import type { MessageCounts } from "../consume/message_reader.ts";
import type { ConsumerOptions } from "../consume/options.ts";
import type { EventType } from "../events/event_type.ts";
import {
  type DatabaseSettings,
  resolveDatabase,
} from "../settings/database.ts";
import type { Database } from "./database.ts";
import { eventStore, type StoredBatch } from "./event_store.ts";
import { migrate } from "./migrations.ts";
import type { PostgresOptions } from "./postgres.ts";
import { SqliteDatabase } from "./sqlite.ts";
import { StoredEvent, type StoredEventDefinition } from "./stored_event.ts";
import type { Table } from "./table.ts";

/** The group that {@linkcode store} joins by default. */
export const DEFAULT_STORE_GROUP = "cafe-store";

/** How to store. */
export interface StoreOptions
  extends
    Omit<ConsumerOptions, "offsets" | "handlerRetries" | "handlerBackoffMs"> {
  /** The database. By default: `resolveDatabase()`. */
  readonly database?: DatabaseSettings;
  /** The consumer group, whose members share the partitions. Equals `group.id`. By default: `cafe-store`. */
  readonly group?: string;
  /** Called when a batch is written. */
  readonly stored?: (batch: StoredBatch) => void;
}

/**
 * Consumes a topic's events into a database, until the count, the idle time or the signal ends it. Each event counts once there: what
 * comes twice has the same id, and is added once. The database decides where reading goes on.
 *
 * @param type The kind of event.
 * @param definition What to keep: aggregates, and which columns.
 * @param options The database, the group, and when to stop. With a `count`, the batch that reaches it is the last.
 * @returns How many messages were processed, those included that were there already.
 * @throws {PipelineError} If Kafka, the registry or the database can't be reached at the start or refuses, the topic doesn't exist, the
 * database is of a newer version, or it refuses a statement.
 */
export async function store<T>(
  type: EventType<T>,
  definition: StoredEventDefinition<T> = {},
  options: StoreOptions = {},
): Promise<MessageCounts> {
  const {
    database: settings = resolveDatabase(),
    topic = type.topic,
    group = DEFAULT_STORE_GROUP,
  } = options;
  const wait = withDeadline(options);
  const stored = new StoredEvent(type, definition);
  const database = await openDatabase(settings, stored.tables, wait);
  const telemetry = options.telemetry?.storing({
    topic,
    table: stored.table.name,
    system: "path" in settings ? "sqlite" : "postgresql",
  });
  try {
    const events = eventStore(stored, {
      ...options,
      database,
      topic,
      telemetry,
    });
    return await consumeBatches(type, events.write, {
      ...wait,
      group,
      offsets: events.offsets,
    });
  } finally {
    await database.close();
    telemetry?.ended();
  }
}

/** Names a database for a message. Returns the file's path, or the URL without user and password. */
export function databaseName(settings: DatabaseSettings): string {
  return "path" in settings ? settings.path : settings.url;
}

/** Makes the connection to a database. A file is opened, a server is reached when it is asked first. */
export async function connectDatabase(
  settings: DatabaseSettings,
  options: PostgresOptions = {},
): Promise<Database> {
  if ("path" in settings) return new SqliteDatabase(settings.path, options);
  // Its client is loaded only where it is used.
  const { PostgresDatabase } = await import("./postgres.ts");
  return new PostgresDatabase(settings, options);
}

/**
 * Opens a database, and makes the tables that it lacks.
 *
 * @param tables The table of the events, then those of the aggregates.
 * @throws {PipelineError} If it can't be reached in time or refuses, is of a newer version, or a table has other columns.
 */
export async function openDatabase(
  settings: DatabaseSettings,
  tables: readonly Table[],
  options: WaitOptions = {},
): Promise<Database> {
  return await waitFor(`the database '${databaseName(settings)}'`, async () => {
    const database = await connectDatabase(settings);
    try {
      const late = await database.transaction(() => migrate(database, tables));
      for (const name of late) {
        options.notify?.(
          `The table '${name}' is new in the database '${database.name}': what was stored before is not counted in it.`,
        );
      }
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }, { ...options, diagnose: undefined });
}
