/**
 * A source whose items come at their own times: at a steady rate, or when a clock shows them.
 *
 * @module
 */

import { pause } from "../../base/pause.ts";

/** The longest wait for a timer, in milliseconds: the real time may jump, as while a laptop sleeps. */
const MAX_PAUSE_MS = 1_000;

/** Tells how long it takes until an item is due, in milliseconds. `index` counts them from 0. */
export type MsUntil<T> = (item: T, index: number) => number;

/** Yields each item of a source when it is due; those whose time is past at full speed. */
export async function* paced<T>(
  source: AsyncIterable<T>,
  { msUntil, signal }: {
    readonly msUntil: MsUntil<T>;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<T, void, undefined> {
  let index = 0;
  for await (const item of source) {
    for (let ms = msUntil(item, index); ms > 0; ms = msUntil(item, index)) {
      await pause(Math.min(Math.ceil(ms), MAX_PAUSE_MS), signal);
      if (signal?.aborted) return;
    }
    yield item;
    index++;
  }
}

/**
 * Makes a steady rate, of so many items a second. Each has its time, counted from the first one, so that delays don't add up: what a
 * timer or an outage made late is made up for.
 */
export function atRate(rate: number): MsUntil<unknown> {
  let startedAt = 0;
  return (_, index) => {
    // The first one takes longer: what is needed for all of them is made ready then.
    if (index === 0) return 0;
    startedAt ||= performance.now();
    return startedAt + index * 1_000 / rate - performance.now();
  };
}

/**
 * Starts a clock at a time, in milliseconds since the epoch, which may be ahead of the real one, and faster. Returns what tells how long it
 * takes in real time, in milliseconds, until it shows a time.
 */
export function startClock(
  startMs: number,
  speed: number,
): (atMs: number) => number {
  const startedAt = Date.now();
  return (atMs) => (atMs - startMs) / speed - (Date.now() - startedAt);
}
