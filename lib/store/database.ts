/**
 * What the store asks of a database. A transaction is a generator that yields its steps, so that one text serves databases that
 * answer at once and others that are far away.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import type { Merge, Table, TypeNames, Value } from "./table.ts";

/** A row that was read, by column. PostgreSQL returns Booleans, SQLite 0 and 1. */
export type Row = Readonly<Record<string, Value | boolean>>;

/** A statement with a question mark for each parameter. */
export interface Query {
  readonly sql: string;
  readonly params: readonly Value[];
}

/** Rows to be added to a table. */
export interface Insert {
  readonly table: Table;
  /** The rows: a value for each of the table's columns. */
  readonly rows: readonly (readonly Value[])[];
  /** How to change a row that has the same key, by column; without it, that row stays as it is. */
  readonly merge?: ReadonlyMap<string, Merge>;
  /** A column whose values are returned as text, of those rows that were added or changed. */
  readonly returning?: string;
}

/** A step of a transaction. */
export type Step = Query | Insert;

/** The steps of a transaction. What it throws rolls them back. */
export type Work<T> = Generator<Step, T, unknown>;

/** How a database is opened. */
export interface DatabaseAccess {
  /** Whether nothing is written. By default: `false`. */
  readonly readOnly?: boolean;
}

/** A database. What its methods throw says what to do: wait, set the event aside, or end. */
export interface Database {
  readonly name: string;
  readonly types: TypeNames;
  /** The statement that lists the columns of all tables, as `table` and `column`. */
  readonly layoutSql: string;
  /** The statement that makes others wait which change the layout too; undefined if every transaction does. */
  readonly lockSql?: string;
  /**
   * Runs a transaction.
   *
   * @returns What the work returns, when it is committed.
   * @throws {OutageError} If the database can't be reached or is busy. Whether the transaction was committed may be unknown.
   * @throws {InvalidEventError} If a value does not fit.
   * @throws {HandlerStop} If the database refuses a step for another reason.
   */
  transaction<T>(work: () => Work<T>): Promise<T>;
  /** Reads at least so many of the rows that were added to a table last, in no sequence, at little cost. No row may have been changed. */
  newest(table: string, count: number): Work<readonly Row[]>;
  close(): Promise<void>;
}

/** Reads or changes rows, as a step of a transaction. The statement has a question mark for each parameter. */
export function* query(
  sql: string,
  params: readonly Value[] = [],
): Work<readonly Row[]> {
  return (yield { sql, params }) as readonly Row[];
}

/** Adds rows, as a step of a transaction. Returns what {@linkcode Insert.returning} asks for. */
export function* insert(insert: Insert): Work<readonly string[]> {
  return (yield insert) as readonly string[];
}

/** Makes the error for a database that nothing was stored in yet. */
export function missingDatabase(name: string, cause?: unknown): PipelineError {
  return new PipelineError(`Nothing is stored in the database '${name}' yet`, {
    cause,
    code: "store-missing",
  });
}
