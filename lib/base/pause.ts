/**
 * Waits that end early: by a signal, or at a limit.
 *
 * @module
 */

import { setTimeout } from "node:timers/promises";

/** Waits until the time is up, in milliseconds, or the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, signal ? { signal } : {}).catch(() => {});
}

/**
 * Waits for work up to a limit. What is late goes on, and what it throws then is dropped.
 *
 * @throws {Error} What `late` returns, if the work is not done in time, or the signal is aborted.
 */
export async function within<T>(
  work: Promise<T>,
  options: {
    readonly timeoutMs: number;
    readonly signal?: AbortSignal | undefined;
    readonly late: () => Error;
  },
): Promise<T> {
  const { timeoutMs, signal, late } = options;
  const done = new AbortController();
  const over = pause(
    timeoutMs,
    signal ? AbortSignal.any([signal, done.signal]) : done.signal,
  ).then(() => {
    throw late();
  });
  work.catch(() => {});
  over.catch(() => {});
  try {
    return await Promise.race([work, over]);
  } finally {
    done.abort();
  }
}
