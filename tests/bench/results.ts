/**
 * What a benchmark finds out.
 *
 * @module
 */

import type { LeftOut } from "./contenders.ts";

/** One contender's measurements of one kind. */
export interface Series {
  /** The contender. */
  readonly title: string;
  /** A measurement of each round that counts, in their order. */
  readonly values: readonly number[];
}

/** A table: measurements of one kind. */
export interface Table {
  /** Its name in JSON. */
  readonly id: string;
  /** What was measured, and how. */
  readonly title: string;
  /** The unit. */
  readonly unit: string;
  /** How many decimals are shown. */
  readonly decimals: number;
  /** The contenders; the others are compared with the first. */
  readonly rows: readonly Series[];
}

/** A run that does not count. */
export interface VoidRun {
  /** What was run. */
  readonly what: string;
  /** Why it does not count. */
  readonly reason: string;
}

/** Everything that a benchmark finds out. */
export interface Results {
  /** What it ran on: line by line, by name. */
  readonly machine: Readonly<Record<string, string>>;
  /** The tables. */
  readonly tables: readonly Table[];
  /** Contenders that this machine can't run, and measures that it can't take. */
  readonly leftOut: readonly LeftOut[];
  /** Runs that don't count. */
  readonly voids: readonly VoidRun[];
}

/** Collects the measurements of tables, round after round. */
export class Collector {
  readonly #tables = new Map<
    string,
    Omit<Table, "rows"> & { readonly rows: Map<string, number[]> }
  >();
  /** Runs that don't count. */
  readonly voids: VoidRun[] = [];

  /**
   * Begins a table.
   *
   * @param table What it shows.
   * @param titles The rows, in their order.
   */
  begin(table: Omit<Table, "rows">, titles: readonly string[]): void {
    const rows = new Map(titles.map((title) => [title, []]));
    this.#tables.set(table.id, { ...table, rows });
  }

  /**
   * Adds a measurement.
   *
   * @param id The table.
   * @param title The row.
   * @param value The measurement.
   */
  add(id: string, title: string, value: number): void {
    const rows = this.#tables.get(id)?.rows.get(title);
    if (!rows) throw new RangeError(`No row '${title}' in table '${id}'`);
    rows.push(value);
  }

  /** The tables, with what has been collected so far. */
  get tables(): Table[] {
    return [...this.#tables.values()].map(({ rows, ...table }) => ({
      ...table,
      rows: [...rows].map(([title, values]) => ({ title, values })),
    }));
  }
}
