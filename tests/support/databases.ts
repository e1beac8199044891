/**
 * Real databases for the tests of the store, each test with one of its own.
 *
 * @module
 */

import type { EventType } from "../../lib/events/event_type.ts";
import { resolveDatabase } from "../../lib/settings/database.ts";
import type { DatabaseSettings } from "../../lib/settings/database.ts";
import { query } from "../../lib/store/database.ts";
import type { Database, Row } from "../../lib/store/database.ts";
import { eventStore } from "../../lib/store/event_store.ts";
import { openDatabase } from "../../lib/store/store.ts";
import {
  StoredEvent,
  type StoredEventDefinition,
} from "../../lib/store/stored_event.ts";
import { PostgresServer, whyNoPostgres } from "./postgres_server.ts";
import type { Value } from "../../lib/store/table.ts";

/** A database of a test. */
export interface TestDatabase {
  /** Which it is. */
  readonly settings: DatabaseSettings;
  /**
   * Reads from it, with a connection of its own.
   *
   * @param sql The statement, with a question mark for each parameter.
   * @param params The parameters.
   * @returns The rows.
   */
  readonly read: (sql: string, params?: readonly Value[]) => Promise<Row[]>;
}

/**
 * Reads from a database, with a connection of its own.
 *
 * @param settings Which it is.
 * @param sql The statement, with a question mark for each parameter.
 * @param params The parameters.
 * @returns The rows.
 */
export async function readDatabase(
  settings: DatabaseSettings,
  sql: string,
  params: readonly Value[] = [],
): Promise<Row[]> {
  const database: Database = await openDatabase(settings, []);
  try {
    const rows = await database.transaction(() => query(sql, params));
    return rows.map((row) => ({ ...row }));
  } finally {
    await database.close();
  }
}

const NOTHING = {
  save: () => Promise.resolve(),
  load: () => Promise.resolve(new Map()),
};

/**
 * Stores events, as the store does.
 *
 * @param settings The database.
 * @param type The events' type.
 * @param definition How they are stored.
 * @returns Stores them, and counts the offsets of each partition.
 */
export async function storeOf<T>(
  settings: DatabaseSettings,
  type: EventType<T>,
  definition: StoredEventDefinition<T>,
): Promise<
  AsyncDisposable & {
    readonly add: (partition: number, events: readonly T[]) => Promise<void>;
  }
> {
  const stored = new StoredEvent(type, definition);
  const database = await openDatabase(settings, stored.tables);
  const { topic } = type;
  const store = eventStore(stored, { database, topic });
  const offsets = store.offsets(NOTHING);
  const next = new Map<number, number>();
  return {
    async add(partition, events) {
      const first = next.get(partition) ?? 0;
      if (first === 0) await offsets.save(new Map([[partition, 0n]]), "");
      const { signal } = new AbortController();
      const records = events.map((event, at) => ({
        event,
        topic,
        partition,
        offset: String(first + at),
        timestamp: 0,
        key: null,
        headers: [],
      }));
      await store.write({ topic, partition, records }, { signal });
      next.set(partition, first + events.length);
    },
    [Symbol.asyncDispose]: () => database.close(),
  };
}

/** Databases of one kind. */
export interface DatabaseKind {
  /** What the kind is called. */
  readonly name: string;
  /** Why there is none; undefined if there is. */
  readonly missing: string | undefined;
  /**
   * Does something with a new database, which is removed afterwards.
   *
   * @param fn What to do.
   */
  with(fn: (database: TestDatabase) => Promise<void>): Promise<void>;
}

const sqlite: DatabaseKind = {
  name: "SQLite",
  missing: Deno.permissions.querySync({ name: "write", path: "/tmp" }).state ===
      "granted"
    ? undefined
    : "needs --allow-read --allow-write=/tmp",
  async with(fn) {
    const folder = await Deno.makeTempDir();
    try {
      const settings = resolveDatabase(`${folder}/data/cafe.db`);
      await fn({
        settings,
        read: (...args) => readDatabase(settings, ...args),
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

let server: PostgresServer | undefined;
if (whyNoPostgres === undefined) {
  Deno.test.beforeAll(async () => {
    server = await PostgresServer.launch();
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
}

const postgresql: DatabaseKind = {
  name: "PostgreSQL",
  missing: whyNoPostgres,
  async with(fn) {
    if (!server) throw new Error("There is no server");
    const name = await server.create();
    try {
      const settings = server.settings(name);
      await fn({
        settings,
        read: (...args) => readDatabase(settings, ...args),
      });
    } finally {
      await server.run(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  },
};

/** The kinds of databases. */
export const DATABASES: readonly DatabaseKind[] = [sqlite, postgresql];

/**
 * Registers a test for each kind of database. It is ignored, with the reason, where there is none.
 *
 * @param name What it shows.
 * @param fn The test.
 * @param sanitizers Whether Deno requires that its timers and connections end with it: by default it does.
 */
export function databaseTest(
  name: string,
  fn: (database: TestDatabase) => Promise<void>,
  sanitizers: Pick<
    Deno.TestDefinition,
    "sanitizeOps" | "sanitizeResources"
  > = {},
): void {
  for (const kind of DATABASES) {
    const { missing } = kind;
    Deno.test({
      ...sanitizers,
      name: `${name} (${kind.name}${missing ? `: ${missing}` : ""})`,
      ignore: missing !== undefined,
      fn: () => kind.with(fn),
    });
  }
}
