/**
 * Windows of time, and the time of events.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { EventType } from "../events/event_type.ts";
import { isUtcTime } from "../events/formats.ts";

/** How long a window is: the sum of its parts. */
export interface WindowLength {
  /** Seconds. */
  readonly seconds?: number;
  /** Minutes. */
  readonly minutes?: number;
  /** Hours. */
  readonly hours?: number;
  /** Days of 24 hours, in UTC. */
  readonly days?: number;
}

/** Windows of the same length, one after the other, aligned to the epoch. Made by {@linkcode tumbling}. */
export class TumblingWindow {
  /** How long each is, in milliseconds. */
  readonly lengthMs: number;
  /** The window that was named last: most events have the same one as the event before. */
  #named = { startMs: NaN, name: "" };

  /** Makes it: see {@linkcode tumbling}. */
  constructor(lengthMs: number) {
    this.lengthMs = lengthMs;
  }

  /** Finds when the window of a time starts. Both are in milliseconds since the epoch. */
  startOf(atMs: number): number {
    return Math.floor(atMs / this.lengthMs) * this.lengthMs;
  }

  /** Names a window. Returns the time in ISO 8601, in UTC, such as `2026-02-03T02:16:00Z`. */
  nameOf(startMs: number): string {
    if (startMs !== this.#named.startMs) {
      const name = new Date(startMs).toISOString().replace(".000Z", "Z");
      this.#named = { startMs, name };
    }
    return this.#named.name;
  }
}

/**
 * Divides the events' time into windows of one length.
 *
 * @throws {RangeError} If the length is not a whole number of seconds, one or more.
 */
export function tumbling(length: WindowLength): TumblingWindow {
  const { seconds = 0, minutes = 0, hours = 0, days = 0 } = length;
  const sum = seconds + 60 * (minutes + 60 * (hours + 24 * days));
  if (!Number.isSafeInteger(sum) || sum < 1) {
    throw new RangeError(
      `A window has a whole number of seconds, one or more: ${sum}`,
    );
  }
  return new TumblingWindow(sum * 1_000);
}

/** How far an event's time may be ahead of the clock, in milliseconds: a simulated day begins with the next morning. */
const MAX_AHEAD_MS = 25 * 60 * 60 * 1_000;

/**
 * The latest time after one more event, in milliseconds since the epoch. One that is far ahead, of the clock and of all before it,
 * is a mistake of its writer: if it counted, all that comes after it would be late.
 */
export function latestTime(latestMs: number, atMs: number): number {
  const isMistake = atMs > Math.max(latestMs, Date.now()) + MAX_AHEAD_MS;
  return isMistake ? latestMs : Math.max(latestMs, atMs);
}

/** Reads when an event happened, in milliseconds since the epoch. An event without a time in UTC is not valid. */
export function timeOf<T>({ timeField }: EventType<T>, event: T): number {
  const text = timeField === undefined
    ? undefined
    : (event as Readonly<Record<string, unknown>>)[timeField];
  if (typeof text !== "string" || !isUtcTime(text)) {
    throw new InvalidEventError(
      `${timeField ?? "The event"} has to be a time in ISO 8601, UTC: ${
        JSON.stringify(text)
      }`,
    );
  }
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs)) return atMs;
  // Small letters, or a leap second, which counts as the one before it.
  return Date.parse(text.toUpperCase().replace(":60", ":59"));
}
