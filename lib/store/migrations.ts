/**
 * The layout of a store's database, and its version.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import {
  type Database,
  insert,
  missingDatabase,
  query,
  type Work,
} from "./database.ts";
import { createSql, type Table } from "./table.ts";

const MIGRATIONS: Table = {
  name: "migrations",
  columns: [
    { name: "number", type: "integer" },
    { name: "name", type: "text" },
    { name: "made_at", type: "text" },
  ],
  key: ["number"],
};

/** Where reading goes on: the offset of the next message, and the latest time of the events before it. */
export const POSITIONS: Table = {
  name: "positions",
  columns: [
    { name: "topic", type: "text" },
    { name: "partition", type: "integer" },
    { name: "next", type: "integer" },
    { name: "latest_event_at", type: "text" },
  ],
  key: ["topic", "partition"],
};

/** The number of the layout that this program knows. Another layout has a higher one. */
const VERSION = 1;

/** The columns of the tables that a database has, by table. */
type Layout = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Makes the tables that a database lacks.
 *
 * @param tables The table of the events, then those of the aggregates.
 * @returns The steps of the transaction. Without anything to do, they only read. Their result are the names of the aggregates that are new
 * in a database which has events already: these are not counted in them.
 * @throws {PipelineError} If the database is of a newer version, or a table has other columns.
 */
export function* migrate(
  database: Database,
  tables: readonly Table[],
): Work<readonly string[]> {
  const { lockSql, types } = database;
  let { layout, version, missing } = yield* compare(database, tables);
  if (version === VERSION && missing.length === 0) return [];
  if (lockSql) {
    yield* query(lockSql);
    // Another store may have made them meanwhile.
    ({ layout, version, missing } = yield* compare(database, tables));
  }
  if (version === 0) {
    for (const table of [MIGRATIONS, POSITIONS]) {
      yield* query(createSql(table, types));
    }
    const made = [VERSION, POSITIONS.name, new Date().toISOString()];
    yield* insert({ table: MIGRATIONS, rows: [made] });
  }
  for (const table of missing) yield* query(createSql(table, types));
  const [events] = tables;
  return events && layout.has(events.name)
    ? missing.map(({ name }) => name)
    : [];
}

/** Reads which tables a store's database has. It throws if it has none, or is of a newer version. */
export function* readTables(database: Database): Work<ReadonlySet<string>> {
  const layout = yield* readLayout(database);
  if (yield* readVersion(database, layout)) return new Set(layout.keys());
  throw missingDatabase(database.name);
}

function* readLayout({ layoutSql }: Database): Work<Layout> {
  const layout = new Map<string, Set<string>>();
  for (const { table, column } of yield* query(layoutSql)) {
    const columns = layout.get(String(table)) ?? new Set();
    layout.set(String(table), columns.add(String(column)));
  }
  return layout;
}

/** Reads the version; 0 if there is none. */
function* readVersion(database: Database, layout: Layout): Work<number> {
  return layout.has(MIGRATIONS.name) ? yield* checkVersion(database) : 0;
}

/**
 * Reads the version of a database that has one.
 *
 * @throws {PipelineError} If it is a newer one.
 */
export function* checkVersion({ name }: Database): Work<number> {
  const [row] = yield* query("SELECT max(number) AS version FROM migrations");
  const version = Number(row?.["version"] ?? 0);
  if (version > VERSION) {
    throw new PipelineError(
      `The database '${name}' is of version ${version}, and this program knows ${VERSION}`,
      { hint: "Use the newer program with it." },
    );
  }
  return version;
}

function* compare(database: Database, tables: readonly Table[]): Work<{
  readonly layout: Layout;
  readonly version: number;
  readonly missing: readonly Table[];
}> {
  const layout = yield* readLayout(database);
  const version = yield* readVersion(database, layout);
  for (const table of tables) checkTable(table, { database, layout });
  const missing = tables.filter(({ name }) => !layout.has(name));
  return { layout, version, missing };
}

/** Refuses a table that is there with other columns. */
function checkTable(
  { name, columns }: Table,
  { database, layout }: {
    readonly database: Database;
    readonly layout: Layout;
  },
): void {
  const there = layout.get(name);
  if (!there) return;
  const missing = columns.filter((column) => !there.has(column.name));
  if (missing.length === 0) return;
  throw new PipelineError(
    `The table '${name}' of the database '${database.name}' lacks ${
      missing.map((column) => column.name).join(", ")
    }`,
    {
      hint: [
        "Its definition has changed since it was made, or it is another program's.",
        "This adds what it lacks, with no value in the rows that are there:",
        ...missing.map((column) =>
          `  ALTER TABLE ${name} ADD COLUMN ${column.name} ${
            database.types[column.type]
          };`
        ),
      ].join("\n"),
    },
  );
}
