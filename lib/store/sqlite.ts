/**
 * SQLite as the store's database: one file, on this machine.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { dirname } from "node:path";
import {
  HandlerStop,
  InvalidEventError,
  messageOf,
  OutageError,
  PipelineError,
} from "../base/errors.ts";
import {
  type Database,
  type DatabaseAccess,
  type Insert,
  missingDatabase,
  query,
  type Row,
  type Step,
  type Work,
} from "./database.ts";
import { insertSql, quoted, type TypeNames } from "./table.ts";

/** How long a step waits for another program that writes, in milliseconds. Nothing else happens meanwhile. */
const BUSY_TIMEOUT_MS = 500;
/** How much of the file is kept in memory, in KiB. Overrides 2 MiB: ids come in no sequence, so that each needs another page. */
const CACHE_KIB = 65_536;
/** After how many pages the log is written into the file. Overrides 1,000: at full speed that was so after every batch. */
const CHECKPOINT_PAGES = 10_000;

/** SQLite's primary result codes. */
const CODE = { busy: 5, locked: 6, tooBig: 18, mismatch: 20 } as const;
/** The extended result code for a value of another type than its column's. */
const CONSTRAINT_DATATYPE = 3091;

/** A database in a file. */
export class SqliteDatabase implements Database {
  readonly name: string;
  /** Whole numbers stand for Booleans, and text for JSON. */
  readonly types: TypeNames = {
    text: "TEXT",
    integer: "INTEGER",
    boolean: "INTEGER",
    real: "REAL",
    json: "TEXT",
  };
  readonly layoutSql =
    `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'`;
  readonly #database: DatabaseSync;
  /** The file's number on its disk; null if the system has none. */
  readonly #inode: number | null | undefined;
  readonly #begin: string;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens the file, and creates it and its folder if there is none. */
  constructor(path: string, options: DatabaseAccess = {}) {
    const { readOnly = false } = options;
    this.name = path;
    this.#begin = readOnly ? "BEGIN" : "BEGIN IMMEDIATE";
    try {
      if (readOnly) Deno.statSync(path);
      else Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      this.#database = new DatabaseSync(path, {
        timeout: BUSY_TIMEOUT_MS,
        readOnly,
      });
    } catch (error) {
      throw explain(error, path);
    }
    try {
      this.#inode = inodeOf(path);
      if (readOnly) return;
      // Readers and the writer don't wait for each other.
      this.#run("PRAGMA journal_mode = WAL");
      // A power failure may undo the last transactions as a whole, their offsets too: their events are read again.
      this.#run("PRAGMA synchronous = NORMAL");
      this.#run(`PRAGMA cache_size = -${CACHE_KIB}`);
      this.#run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Runs a transaction: see {@linkcode Database.transaction}. Nothing else happens meanwhile. */
  transaction<T>(work: () => Work<T>): Promise<T> {
    return Promise.try(() => {
      // SQLite would not notice, and what it writes would be lost.
      if (inodeOf(this.name) !== this.#inode) {
        throw new HandlerStop(
          `The database '${this.name}' was removed while it was in use`,
        );
      }
      this.#run(this.#begin);
      try {
        const steps = work();
        let next = steps.next();
        while (!next.done) next = steps.next(this.#execute(next.value));
        this.#run("COMMIT");
        return next.value;
      } catch (error) {
        // Some failures have rolled it back already.
        if (this.#database.isTransaction) this.#run("ROLLBACK");
        throw error;
      }
    });
  }

  /** Reads the rows that were added last: see {@linkcode Database.newest}. */
  *newest(table: string, count: number): Work<readonly Row[]> {
    return yield* query(
      `SELECT * FROM ${quoted(table)} WHERE rowid > (SELECT MAX(rowid) FROM ${
        quoted(table)
      }) - ?`,
      [count],
    );
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  #run(sql: string): void {
    this.#execute({ sql, params: [] });
  }

  #execute(step: Step): unknown {
    try {
      return "sql" in step
        ? this.#prepare(step.sql).all(...step.params)
        : this.#insert(step);
    } catch (error) {
      throw explain(error, this.name);
    }
  }

  /** Adds row by row: that takes half the time of one statement with many rows. */
  #insert({ table, rows, merge, returning }: Insert): string[] {
    const places = table.columns.map(() => "?").join(", ");
    const statement = this.#prepare(
      insertSql(table, `VALUES (${places})`, merge),
    );
    const column = table.columns.findIndex(({ name }) => name === returning);
    const returned: string[] = [];
    for (const row of rows) {
      const { changes } = statement.run(...row);
      if (changes === 1 && column >= 0) returned.push(String(row[column]));
    }
    return returned;
  }

  #prepare(sql: string): StatementSync {
    return this.#statements
      .getOrInsertComputed(sql, () => this.#database.prepare(sql));
  }
}

/** Reads a file's number on its disk; undefined if there is no such file. */
function inodeOf(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Says what to do about an error of SQLite. Its extended codes have the primary one in the lowest byte. */
function explain(error: unknown, name: string): Error {
  if (error instanceof Deno.errors.NotCapable) {
    return new PipelineError(`No permission for the database '${name}'`, {
      cause: error,
      code: "database-permission",
    });
  }
  if (error instanceof Deno.errors.NotFound) {
    return missingDatabase(name, error);
  }
  const code = error instanceof Error && "errcode" in error
    ? Number(error.errcode)
    : 0;
  const primary = code & 0xff;
  const cause = error;
  if (primary === CODE.busy || primary === CODE.locked) {
    return new OutageError(
      `The database '${name}' is in use by another program`,
      { cause },
    );
  }
  const isValue = primary === CODE.tooBig || primary === CODE.mismatch ||
    code === CONSTRAINT_DATATYPE;
  const reason = messageOf(error);
  return isValue
    ? new InvalidEventError(`The database refuses a value: ${reason}`, {
      cause,
    })
    : new HandlerStop(`The database '${name}' refuses: ${reason}`, { cause });
}
