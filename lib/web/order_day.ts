/**
 * The day in numbers, from what the store keeps of orders and loyalty scans.
 *
 * @module
 */

import {
  type Database,
  query,
  type Row,
  type Work,
} from "../store/database.ts";
import { readTables } from "../store/migrations.ts";
import { cardPoints } from "../store/loyalty_scans.ts";
import { orders } from "../events/order.ts";
import { orderCustomers, orderMinutes, orderStore } from "../store/orders.ts";
import { StoredEvent } from "../store/stored_event.ts";
import { tumbling } from "../store/window.ts";

/** Counts and revenue. */
export interface DayTotals {
  readonly orders: number;
  readonly cups: number;
  readonly cents: number;
}

/** The event `day` of `GET /api/live?since=MS`: the whole of it each time. */
export interface DaySnapshot {
  /** The time of the newest event, in milliseconds since the epoch; null if there is none. A simulated day runs ahead of the clock. */
  readonly newest: number | null;
  /** When the viewer's day starts, in milliseconds since the epoch. */
  readonly since: number;
  /** The minutes with orders from 25 hours before `since`, in their sequence. */
  readonly minutes: readonly (DayTotals & {
    /** When the minute starts, in milliseconds since the epoch. */
    readonly at: number;
    /** How many of the orders are members'. */
    readonly memberOrders: number;
  })[];
  /** The drinks since `since`, the one with the highest revenue first. */
  readonly drinks: readonly (DayTotals & { readonly name: string })[];
  /** The 8 customers with the highest spending of all time. */
  readonly guests: readonly (DayTotals & { readonly name: string })[];
  /** The 20 newest orders, the newest first. */
  readonly latest: readonly {
    readonly id: string;
    /** The time of the order, in milliseconds since the epoch. */
    readonly at: number;
    readonly name: string;
    readonly drink: string;
    readonly quantity: number;
    readonly cents: number;
    readonly member: boolean;
  }[];
  /** The 6 loyalty cards with the most points. */
  readonly cards: readonly {
    readonly id: string;
    readonly scans: number;
    readonly points: number;
  }[];
  /** How many events came after the end of their minute. */
  readonly late: number;
}

/**
 * How long a day may be, in milliseconds: an hour more where the clock is set back. What is dated later is not of the day. The
 * minutes go as far back before it, for the comparison with the day before.
 */
const LONGEST_DAY_MS = 25 * 60 * 60 * 1_000;
/** How many of each list are shown. */
const [LATEST_COUNT, GUESTS_COUNT, CARDS_COUNT] = [20, 8, 6];
/** How many of the rows that were added last are looked through for the newest orders: partitions are stored in batches. */
const RECENT_COUNT = 200;

/** The names of the tables. */
const TABLE = {
  orders: new StoredEvent(orders, orderStore).table.name,
  minutes: orderMinutes.table.name,
  guests: orderCustomers.table.name,
  cards: cardPoints.table.name,
} as const;
/** The windows of the aggregate. */
const MINUTES = tumbling({ minutes: 1 });

/** The counts of several rows, such as those of the partitions. */
const SUMS = "SUM(orders) AS orders, SUM(cups) AS cups, SUM(cents) AS cents";

/**
 * Reads a day.
 *
 * @returns The steps of the transaction. Their result is the day.
 */
export function* readDay(
  database: Database,
  since: number,
): Work<DaySnapshot> {
  const { orders, minutes, guests, cards } = TABLE;
  // A table is made when the first event of its kind is stored.
  const tables = yield* readTables(database);
  const select = function* (
    table: string,
    sql: string,
    params: readonly (string | number)[],
  ): Work<readonly Row[]> {
    return tables.has(table) ? yield* query(sql, params) : [];
  };
  const [start, end] = [minuteOf(since), minuteOf(since + LONGEST_DAY_MS)];
  const drinks = yield* select(
    minutes,
    `SELECT drink_name AS name, ${SUMS}, SUM(late) AS late FROM ${minutes} WHERE minute >= ? AND minute < ? GROUP BY drink_name ORDER BY SUM(cents) DESC, drink_name`,
    [start, end],
  );
  const latest = tables.has(orders)
    ? yield* database.newest(orders, RECENT_COUNT)
    : [];
  const [position] = yield* query(
    "SELECT MAX(latest_event_at) AS at FROM positions",
  );
  const newest = timeOrNull(position?.["at"]);
  const now = Math.max(Date.now(), newest ?? 0);
  return {
    newest,
    since,
    minutes: (yield* select(
      minutes,
      `SELECT minute, ${SUMS}, SUM(member_orders) AS member_orders FROM ${minutes} WHERE minute >= ? AND minute < ? GROUP BY minute ORDER BY minute`,
      [minuteOf(since - LONGEST_DAY_MS), end],
    )).map((row) => ({
      at: Date.parse(String(row["minute"])),
      ...totalsOf(row),
      memberOrders: Number(row["member_orders"]),
    })),
    drinks: drinks.map(namedTotalsOf),
    guests: (yield* select(
      guests,
      `SELECT customer_name AS name, ${SUMS} FROM ${guests} GROUP BY customer_name ORDER BY SUM(cents) DESC, customer_name LIMIT ?`,
      [GUESTS_COUNT],
    )).map(namedTotalsOf),
    latest: latest
      .map((row) => ({
        id: String(row["event_id"]),
        at: Date.parse(String(row["ts_utc"])),
        name: String(row["customer_name"]),
        drink: String(row["drink_name"]),
        quantity: Number(row["quantity"]),
        cents: Number(row["amount_cents"]),
        member: Boolean(row["is_member"]),
      }))
      // What is dated later than all that counts is a mistake.
      .filter(({ at }) => at <= now)
      .sort((a, b) => b.at - a.at)
      .slice(0, LATEST_COUNT),
    cards: (yield* select(
      cards,
      `SELECT card_id AS id, SUM(scans) AS scans, SUM(points) AS points FROM ${cards} GROUP BY card_id ORDER BY SUM(points) DESC, card_id LIMIT ?`,
      [CARDS_COUNT],
    )).map((row) => ({
      id: String(row["id"]),
      scans: Number(row["scans"]),
      points: Number(row["points"]),
    })),
    late: drinks.reduce((sum, row) => sum + Number(row["late"]), 0),
  };
}

/** Names a minute as the store does. */
function minuteOf(atMs: number): string {
  return MINUTES.nameOf(MINUTES.startOf(atMs));
}

function timeOrNull(text: unknown): number | null {
  const atMs = Date.parse(String(text));
  return Number.isNaN(atMs) ? null : atMs;
}

function totalsOf(row: Row): DayTotals {
  return {
    orders: Number(row["orders"]),
    cups: Number(row["cups"]),
    cents: Number(row["cents"]),
  };
}

function namedTotalsOf(row: Row): DayTotals & { readonly name: string } {
  return { name: String(row["name"]), ...totalsOf(row) };
}
