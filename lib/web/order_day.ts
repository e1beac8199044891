/**
 * The day in numbers, from what the store keeps of orders and loyalty scans.
 *
 * @module
 */

/** Counts and revenue. */
export interface DayTotals {
  readonly orders: number;
  readonly cups: number;
  readonly cents: number;
}

/** The event `day` of `GET /api/live?since=MS`: the whole of it each time. */
export interface DaySnapshot {
  /** The server's clock, in milliseconds since the epoch. */
  readonly now: number;
  /** The time of the newest event, in milliseconds since the epoch; null if there is none. A simulated day runs ahead of the clock. */
  readonly newest: number | null;
  /** When the viewer's day starts, in milliseconds since the epoch. */
  readonly since: number;
  /** The minutes with orders from 24 hours before `since`, in their sequence. */
  readonly minutes: readonly (DayTotals & {
    /** When the minute starts, in milliseconds since the epoch. */
    readonly at: number;
    /** How many of the orders are members'. */
    readonly memberOrders: number;
  })[];
  /** The drinks since `since`, the one with the highest revenue first. */
  readonly drinks: readonly (DayTotals & { readonly name: string })[];
  /** The 20 customers with the highest spending of all time. */
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
  /** The 10 loyalty cards with the most points. */
  readonly cards: readonly {
    readonly id: string;
    readonly scans: number;
    readonly points: number;
  }[];
  /** How many events came after the end of their minute. */
  readonly late: number;
}
