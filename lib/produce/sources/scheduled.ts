/**
 * A source whose events come at their own times.
 *
 * @module
 */

import { pause } from "../../base/pause.ts";
import type { SourceItem } from "./source.ts";

/** A clock that may be ahead of the real time, and faster. */
export class Clock {
  readonly #startMs: number;
  readonly #speed: number;
  readonly #startedAt = Date.now();

  /** Starts it at a time, in milliseconds since the epoch. */
  constructor(startMs: number, speed: number) {
    this.#startMs = startMs;
    this.#speed = speed;
  }

  /** What it shows, in milliseconds since the epoch. */
  get now(): number {
    return this.#startMs + (Date.now() - this.#startedAt) * this.#speed;
  }

  /** Tells how long it takes in real time, in milliseconds, until it shows a time; negative if that is past. */
  msUntil(atMs: number): number {
    return (atMs - this.now) / this.#speed;
  }
}

/** The longest wait for a timer, in milliseconds: the real time may jump, as while a laptop sleeps. */
const MAX_PAUSE_MS = 1_000;

/** Yields events when a clock shows their times; those whose time is past at full speed. */
export async function* scheduled<T>(
  events: Iterable<T>,
  options: {
    readonly clock: Clock;
    readonly timeOf: (event: T) => number;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<SourceItem, void, undefined> {
  const { clock, timeOf, signal } = options;
  let number = 0;
  for (const value of events) {
    const atMs = timeOf(value);
    for (let ms = clock.msUntil(atMs); ms > 0; ms = clock.msUntil(atMs)) {
      await pause(Math.min(Math.ceil(ms), MAX_PAUSE_MS), signal);
      if (signal?.aborted) return;
    }
    if (signal?.aborted) return;
    yield { number: ++number, value };
  }
}
