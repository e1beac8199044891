/**
 * Polling with a deadline, for tests that have no event to wait for.
 *
 * @module
 */

import { PATIENCE_MS } from "./patience.ts";

/** The pause between two checks, in milliseconds: a tenth of the time waited so far, as what takes long need not be noticed sooner. */
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/**
 * Waits until a condition holds.
 *
 * @param what What is waited for, for the error.
 * @param holds The condition.
 * @param options `timeoutMs`: the deadline, in milliseconds, {@linkcode PATIENCE_MS} by default. `intervalMs`: the pause between two
 * checks, in milliseconds; by default it grows from 20 ms to 250 ms.
 * @throws {Error} If the condition does not hold before the deadline.
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { timeoutMs = PATIENCE_MS, intervalMs }: {
    readonly timeoutMs?: number;
    readonly intervalMs?: number;
  } = {},
): Promise<void> {
  const begin = performance.now();
  while (!await holds()) {
    const waitedMs = performance.now() - begin;
    if (waitedMs > timeoutMs) {
      throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    }
    const pauseMs = intervalMs ?? Math.min(
      Math.max(SHORTEST_PAUSE_MS, waitedMs / 10),
      LONGEST_PAUSE_MS,
    );
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
