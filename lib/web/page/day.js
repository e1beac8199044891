/**
 * What the first place shows of a day of orders: sums, what changed since the hour before, and the course of the revenue.
 *
 * @module
 */

/** @import { DaySnapshot } from "../api.ts" */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Sums of orders.
 *
 * @typedef {object} Totals
 * @property {number} orders
 * @property {number} cups
 * @property {number} cents
 * @property {number} memberOrders
 */

/**
 * Finds the time that the page goes by: a simulated day runs ahead of the clock.
 *
 * @param {DaySnapshot | undefined} day The day, once it is known.
 * @returns {number} In milliseconds since the epoch.
 */
export function nowOf(day) {
  return Math.max(Date.now(), day?.newest ?? 0);
}

/**
 * Sums up the orders of a span of time.
 *
 * @param {DaySnapshot} day The day.
 * @param {number} from The first millisecond.
 * @param {number} to The one after the last.
 * @returns {Totals} The sums.
 */
function totalsOf(day, from, to) {
  return day.minutes.filter(({ at }) => at >= from && at < to)
    .reduce(plus, NOTHING);
}

const NOTHING = { orders: 0, cups: 0, cents: 0, memberOrders: 0 };

/** @param {Totals} one @param {Totals} other @returns {Totals} */
const plus = (one, other) => ({
  orders: one.orders + other.orders,
  cups: one.cups + other.cups,
  cents: one.cents + other.cents,
  memberOrders: one.memberOrders + other.memberOrders,
});

/**
 * A figure: what it is for the day, for the last hour, and for the hour before.
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {"money" | "count" | "share"} kind
 * @property {number | null} day Null if there is nothing to tell it from.
 * @property {number | null} hour
 * @property {number | null} before
 */

/** @type {readonly (Pick<Figure, "name" | "kind"> & { of: (totals: Totals) => number | null })[]} */
const FIGURES = [
  { name: "Revenue today", kind: "money", of: ({ cents }) => cents },
  { name: "Orders", kind: "count", of: ({ orders }) => orders },
  { name: "Cups", kind: "count", of: ({ cups }) => cups },
  {
    name: "Average order",
    kind: "money",
    of: ({ cents, orders }) => orders === 0 ? null : cents / orders,
  },
  {
    name: "Members",
    kind: "share",
    of: ({ memberOrders, orders }) =>
      orders === 0 ? null : memberOrders / orders,
  },
];

/**
 * Computes the five figures.
 *
 * @param {DaySnapshot} day The day.
 * @param {number} now The page's time.
 * @returns {Figure[]} The figures.
 */
export function figuresOf(day, now) {
  const hour = minuteOf(now) + MINUTE_MS - HOUR_MS;
  const totals = totalsOf(day, day.since, Infinity);
  const last = totalsOf(day, hour, Infinity);
  const before = totalsOf(day, hour - HOUR_MS, hour);
  return FIGURES.map(({ name, kind, of }) => ({
    name,
    kind,
    day: of(totals),
    hour: of(last),
    // Without orders there was no hour to compare with.
    before: before.orders === 0 ? null : of(before),
  }));
}

/** @param {number} at */
const minuteOf = (at) => Math.floor(at / MINUTE_MS) * MINUTE_MS;

/**
 * Finds the same time of the viewer's clock on another day: where the clock is set in between, that is not 24 hours away.
 *
 * @param {number} at
 * @param {number} days
 */
function daysFrom(at, days) {
  const date = new Date(at);
  return date.setDate(date.getDate() + days);
}

/** How much of the day the course shows, by its name in the address. */
export const RANGES = [
  { id: "2h", name: "last 2 h", hours: 2, step: 1 },
  { id: "6h", name: "last 6 h", hours: 6, step: 5 },
  { id: "day", name: "whole day", hours: 24, step: 15 },
];

/**
 * A part of the course.
 *
 * @typedef {object} CoursePart
 * @property {number} at When it starts, in milliseconds since the epoch.
 * @property {Totals | null} totals Null if there were no orders.
 * @property {Totals | null} yesterday The same time yesterday.
 * @property {boolean} unfinished Whether it goes on.
 */

/**
 * Computes the course of the day.
 *
 * @param {DaySnapshot} day The day.
 * @param {number} now The page's time.
 * @param {(typeof RANGES)[number]} range How much of it.
 * @returns {CoursePart[]} Its parts, the oldest first, without a gap.
 */
export function courseOf(day, now, { hours, step }) {
  const stepMs = step * MINUTE_MS;
  // Parts start at full steps of the viewer's day, whatever the zone.
  const indexOf = (/** @type {number} */ at) =>
    Math.floor((at - day.since) / stepMs);
  const last = indexOf(now);
  const first = hours === 24 ? 0 : last - hours * 60 / step + 1;
  /** @type {Map<number, Totals>} */
  const parts = new Map();
  for (const minute of day.minutes) {
    const index = indexOf(minute.at);
    parts.set(index, plus(parts.get(index) ?? NOTHING, minute));
  }
  // A whole day has its own morning and evening, also while it is young.
  const end = hours === 24 ? indexOf(daysFrom(day.since, 1)) - 1 : last;
  return Array.from({ length: Math.max(end, last) - first + 1 }, (_, n) => {
    const index = first + n;
    const at = day.since + index * stepMs;
    return {
      at,
      totals: parts.get(index) ?? null,
      yesterday: parts.get(indexOf(daysFrom(at, -1))) ?? null,
      unfinished: index === last,
    };
  });
}
