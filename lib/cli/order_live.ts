/**
 * The cafe's day for `deno task live`: its events, and how its time and weather are written.
 *
 * @module
 */

import { type DayOptions, weatherOf } from "../events/day.ts";
import { loyaltyScans } from "../events/loyalty_scan.ts";
import { orders } from "../events/order.ts";
import { ordersFrom, scansFrom } from "../events/order_day.ts";
import type { EventType } from "../events/event_type.ts";

/** The kinds of events of the cafe, and those from a day on, each at its own time, without end. */
export const LIVE_KINDS = [
  { type: orders, eventsFrom: ordersFrom },
  { type: loyaltyScans, eventsFrom: scansFrom },
] as readonly {
  readonly type: EventType<unknown>;
  readonly eventsFrom: (first: DayOptions) => IteratorObject<unknown>;
}[];

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
