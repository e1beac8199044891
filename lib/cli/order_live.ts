/**
 * The cafe's day for `deno task live`: its events, and how it goes in one line.
 *
 * @module
 */

import { plural } from "../base/plural.ts";
import { type DayOptions, weatherOf } from "../events/day.ts";
import { loyaltyScans } from "../events/loyalty_scan.ts";
import { type Order, orders } from "../events/order.ts";
import { ordersFrom, scansFrom } from "../events/order_day.ts";
import type { EventType } from "../events/event_type.ts";
import { numbers } from "./account.ts";

/** The kinds of events of the cafe. */
export const LIVE_TYPES = [orders, loyaltyScans] as readonly EventType<
  unknown
>[];

/** Events of one kind, each at its own time. */
export interface LiveEvents {
  readonly type: EventType<unknown>;
  /** The events, in the sequence of their times. */
  readonly events: Iterable<unknown>;
}

/** The events of the cafe from a day on, without end. */
export function liveEvents(first: DayOptions): readonly LiveEvents[] {
  return [
    { type: orders, events: ordersFrom(first) },
    { type: loyaltyScans, events: scansFrom(first) },
  ] as readonly LiveEvents[];
}

const money = new Intl.NumberFormat("en-CA", {
  style: "currency",
  currency: "CAD",
});
const clock = new Intl.DateTimeFormat("en-CA", {
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** Writes a local time, such as `Thu 14:03`. */
export function clockText(atMs: number): string {
  return clock.format(atMs).replace(",", "");
}

/** Finds the local date of a time. */
export function localDate(atMs: number): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(atMs)
    .toZonedDateTimeISO(Temporal.Now.timeZoneId()).toPlainDate();
}

/** Finds the next time at which a local hour begins, in milliseconds since the epoch. */
export function nextTimeOf(hour: number): number {
  const now = Temporal.Now.zonedDateTimeISO();
  const today = now.withPlainTime({ hour });
  const isPast = Temporal.ZonedDateTime.compare(today, now) < 0;
  return (isPast ? today.add({ days: 1 }) : today).epochMilliseconds;
}

/** Writes a day's weather, such as `27 °C and sunny`. */
export function describeWeather(day: DayOptions): string {
  const { celsius, isWet } = weatherOf(day);
  const sky = isWet ? celsius <= 0 ? "snowy" : "rainy" : "sunny";
  return `${celsius} °C and ${sky}`;
}

/** Counts the orders of the newest day. */
export class DayTally {
  #date: Temporal.PlainDate | undefined;
  #orders = 0;
  #cents = 0;

  /** Counts an event, if it is an order and none of a day before. */
  add(event: unknown): void {
    if (!orders.allows(event)) return;
    const { ts_utc, amount }: Order = event;
    const date = localDate(Date.parse(ts_utc));
    const later = this.#date ? Temporal.PlainDate.compare(date, this.#date) : 1;
    if (later < 0) return;
    if (later > 0) {
      this.#date = date;
      this.#orders = 0;
      this.#cents = 0;
    }
    this.#orders++;
    this.#cents += Math.round(amount * 100);
  }

  /** Writes what was ordered that day, such as `214 orders and $1,284.50`; undefined before the first order. */
  describe(): string | undefined {
    return this.#date &&
      `${numbers.format(this.#orders)} ${plural(this.#orders, "order")} and ${
        money.format(this.#cents / 100)
      }`;
  }
}
