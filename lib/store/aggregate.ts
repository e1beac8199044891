/**
 * Aggregates as values: which numbers to keep of a kind of event, by what, in which windows of time.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { EventType } from "../events/event_type.ts";
import { checkNames, type Merge, type Table, type Value } from "./table.ts";
import { latestTime, timeOf, TumblingWindow } from "./window.ts";

/** One number of an aggregate. Made by {@linkcode count}, {@linkcode sum}, {@linkcode min} and {@linkcode max}. */
export interface Fold<T> {
  /** How the numbers of two events become one. */
  readonly merge: Merge;
  /** The number of one event: a whole one. */
  readonly value: (event: T) => number;
}

/** What events are grouped by: a text that is made of an event, or windows of their time. */
export type GroupKey<T> = ((event: T) => string) | TumblingWindow;

/** What to count, sum and compare, by column. */
export type Folds<T> = Readonly<Record<string, Fold<T>>>;

/** One row of an aggregate: a text for each column that it is grouped by, a number for each other. */
export type AggregateRow<K extends string, F> =
  & Readonly<Record<K, string>>
  & { readonly [N in keyof F]: number }
  & {
    /**
     * If there are windows: how many events of the row came late, when their window was over: an event of a later one had come in
     * the same partition.
     */
    readonly late?: number;
  };

/** What defines an aggregate. */
export interface AggregateDefinition<T, K extends string, F> {
  /** Its name: that of its table. */
  readonly name: string;
  /** What to group by, by column. At most one of them is a window. */
  readonly by: Readonly<Record<K, GroupKey<T>>>;
  /** What to count, sum and compare, by column. */
  readonly fold: F & Folds<T>;
}

/** An event, and when it happened. */
export interface TimedEvent<T> {
  /** The event. */
  readonly event: T;
  /** The time, in milliseconds since the epoch; `-Infinity` if it was not read. */
  readonly atMs: number;
  /** The latest time of the events that came before it, in milliseconds since the epoch; `-Infinity` if there are none. */
  readonly latestMs: number;
}

/**
 * Reads when each of a partition's events happened.
 *
 * @param options The kind of event, undefined if their times are not asked for; and the latest time of the events before them.
 * @throws {InvalidEventError} If an event has no time.
 */
export function withTimes<T>(
  events: Iterable<T>,
  options: {
    readonly type: EventType<T> | undefined;
    readonly latestMs: number;
  },
): TimedEvent<T>[] {
  const { type } = options;
  let { latestMs } = options;
  return Array.from(events, (event) => {
    const atMs = type ? timeOf(type, event) : -Infinity;
    const timed = { event, atMs, latestMs };
    latestMs = latestTime(latestMs, atMs);
    return timed;
  });
}

/**
 * The largest number of one event, and the smallest with a minus. Those of the 10,000 events that are added at a time are summed
 * exactly then, and 92 million of them in the database.
 */
const MAX_NUMBER = 100_000_000_000;

/** Counts the events that come late. */
const LATE = {
  merge: "sum",
  value: (_: unknown, isLate: boolean) => Number(isLate),
} as const;

/** An aggregate. Made by {@linkcode aggregate}. */
export class Aggregate<T, R = unknown> {
  /** The kind of event. */
  readonly type: EventType<T>;
  /** Its table: a row for each group of events of each partition. */
  readonly table: Table;
  /** How rows of the same group become one, by column. */
  readonly merge: ReadonlyMap<string, Merge>;
  /** Whether it has windows. */
  readonly isWindowed: boolean;
  readonly #keys: readonly (readonly [string, GroupKey<T>])[];
  readonly #folds: readonly (readonly [column: string, {
    readonly merge: Merge;
    readonly value: (event: T, isLate: boolean) => number;
  }])[];

  /**
   * Makes it: see {@linkcode aggregate}.
   *
   * @throws {RangeError} If a name can't be one of a table or column, or there are several windows.
   */
  constructor(
    type: EventType<T>,
    definition: AggregateDefinition<T, string, Folds<T>>,
  ) {
    const { name, by, fold } = definition;
    this.type = type;
    this.#keys = Object.entries<GroupKey<T>>(by);
    const windows = this.#keys
      .filter(([, key]) => key instanceof TumblingWindow);
    if (windows.length > 1) {
      throw new RangeError(`An aggregate has at most one window: "${name}"`);
    }
    this.isWindowed = windows.length > 0;
    if (this.isWindowed && type.timeField === undefined) {
      throw new RangeError(
        `Events of a kind without timeField can't be put into windows: "${type.name}"`,
      );
    }
    this.#folds = [
      ...Object.entries<Fold<T>>(fold),
      ...(this.isWindowed ? [["late", LATE] as const] : []),
    ];
    const keys = [...this.#keys.map(([column]) => column), "partition"];
    const numbers = this.#folds.map(([column]) => column);
    checkNames([name]);
    checkNames([...keys, ...numbers]);
    this.table = {
      name,
      columns: [...keys, ...numbers].map((column) => ({
        name: column,
        type: Object.hasOwn(by, column) ? "text" : "integer",
      })),
      key: keys,
    };
    this.merge = new Map(
      this.#folds.map(([column, { merge }]) => [column, merge]),
    );
  }

  /**
   * Computes the aggregate of some events, as one partition's.
   *
   * @example
   * ```ts
   * import { aggregate, sum } from "./aggregate.ts";
   * import { testPipeline } from "../consume/test_pipeline.ts";
   * import { loyaltyScans } from "../events/loyalty_scan.ts";
   *
   * const points = aggregate(loyaltyScans, {
   *   name: "points",
   *   by: { card_id: (scan) => scan.card_id },
   *   fold: { points: sum((scan) => scan.points) },
   * });
   * const scan = loyaltyScans.generate!({ seed: 1 }).next().value;
   * const { events } = await testPipeline(loyaltyScans, () => {}, [scan]);
   * console.log(points.totals(events)[0]?.points);
   * ```
   *
   * @param events The events, in their sequence. None of them comes twice.
   * @returns The rows, in the sequence of the first event of each.
   * @throws {InvalidEventError} If an event has no time for its window, or a number that can't be summed.
   */
  totals(events: Iterable<T>): R[] {
    const type = this.isWindowed ? this.type : undefined;
    const timed = withTimes(events, { type, latestMs: -Infinity });
    const names = this.table.columns.map(({ name }) => name);
    return this.rowsOf(timed, 0).map((row) =>
      Object.fromEntries(
        names.map((name, at) => [name, row[at]] as const)
          .filter(([name]) => name !== "partition"),
      ) as R
    );
  }

  /** Computes the rows of some events of a partition, in the sequence of the first event of each. */
  rowsOf(events: Iterable<TimedEvent<T>>, partition: number): Value[][] {
    const groups = new Map<string, { keys: string[]; values: number[] }>();
    for (const { event, atMs, latestMs } of events) {
      let isLate = false;
      const keys = this.#keys.map(([, key]) => {
        if (!(key instanceof TumblingWindow)) return key(event);
        const startMs = key.startOf(atMs);
        isLate = startMs + key.lengthMs <= key.startOf(latestMs);
        return key.nameOf(startMs);
      });
      const name = keys.join("\0");
      const group = groups.getOrInsertComputed(
        name,
        () => ({ keys, values: [] }),
      );
      const { values } = group;
      group.values = this.#folds.map(([column, { merge, value }], at) => {
        const number = value(event, isLate);
        if (!Number.isInteger(number) || Math.abs(number) > MAX_NUMBER) {
          throw new InvalidEventError(
            `${this.table.name}.${column} adds up whole numbers of up to ${MAX_NUMBER}: ${number}`,
          );
        }
        const there = values[at];
        if (there === undefined) return number;
        return merge === "sum" ? there + number : Math[merge](there, number);
      });
    }
    return [...groups.values()]
      .map(({ keys, values }) => [...keys, partition, ...values]);
  }
}

/**
 * Defines an aggregate: which numbers a store keeps of a kind of event, by what.
 *
 * @example
 * ```ts
 * import { aggregate, count, sum } from "./aggregate.ts";
 * import { tumbling } from "./window.ts";
 * import { loyaltyScans } from "../events/loyalty_scan.ts";
 *
 * const points = aggregate(loyaltyScans, {
 *   name: "place_hours",
 *   by: { hour: tumbling({ hours: 1 }), place: (scan) => scan.place },
 *   fold: { scans: count(), points: sum((scan) => scan.points) },
 * });
 * ```
 *
 * @param type The kind of event.
 * @param definition Its name, what to group by, and what to count and sum.
 * @returns The aggregate.
 * @throws {RangeError} If a name can't be one of a table or column, there are several windows, or the events have no time.
 */
export function aggregate<T, K extends string, F extends Folds<T>>(
  type: EventType<T>,
  definition: AggregateDefinition<T, K, F>,
): Aggregate<T, AggregateRow<K, F>> {
  return new Aggregate(type, definition);
}

/** Counts events. By default: all of them. */
export function count<T>(where: (event: T) => boolean = () => true): Fold<T> {
  return { merge: "sum", value: (event) => where(event) ? 1 : 0 };
}

/** Adds up whole numbers: money in cents. */
export function sum<T>(value: (event: T) => number): Fold<T> {
  return { merge: "sum", value };
}

/** Keeps the smallest of whole numbers. */
export function min<T>(value: (event: T) => number): Fold<T> {
  return { merge: "min", value };
}

/** Keeps the largest of whole numbers. */
export function max<T>(value: (event: T) => number): Fold<T> {
  return { merge: "max", value };
}
