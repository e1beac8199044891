/**
 * Polling with a deadline, for tests that have no event to wait for.
 *
 * @module
 */

import { PATIENCE_MS } from "./patience.ts";

/**
 * Waits until a condition holds.
 *
 * @param what What is waited for, for the error.
 * @param holds The condition.
 * @param options `timeoutMs`: the deadline, in milliseconds, {@linkcode PATIENCE_MS} by default. `intervalMs`: the pause between two
 * checks, in milliseconds, 20 ms by default.
 * @throws {Error} If the condition does not hold before the deadline.
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { timeoutMs = PATIENCE_MS, intervalMs = 20 }: {
    readonly timeoutMs?: number;
    readonly intervalMs?: number;
  } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!await holds()) {
    if (Date.now() > deadline) {
      throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
