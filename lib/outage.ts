/**
 * Work that goes on through outages: tried again with growing pauses until it succeeds, is over, or its time is up.
 *
 * @module
 */

import { pause } from "./pause.ts";

/** The first pause between two tries, in milliseconds; it doubles each time. */
const FIRST_PAUSE_MS = 100;
/** The longest pause, in milliseconds. */
const MAX_PAUSE_MS = 2_000;

/** What counts as an outage, and how long to bear it. */
export interface OutageOptions {
  /** Tells an outage from an error that trying again won't mend. */
  readonly isOutage: (error: unknown) => boolean;
  /** Ends the wait: the work is not done then. */
  readonly signal?: AbortSignal | undefined;
  /** Tells whether the work has become pointless. */
  readonly over?: () => boolean;
  /**
   * For how long to try, in milliseconds.
   *
   * @default {Infinity}
   */
  readonly timeoutMs?: number;
  /** Is told once when the first try has failed and the wait begins. */
  readonly begins?: (error: unknown) => void;
  /** Is told when a try succeeded after a wait. */
  readonly ends?: () => void;
}

/**
 * Does some work, however often an outage gets in its way.
 *
 * @param work The work; it is begun anew at each try.
 * @param options What counts as an outage, and how long to bear it.
 * @returns What the work returns; nothing where it is over before it succeeded.
 * @throws {unknown} What the work threw, if it is no outage or the time is up.
 */
export async function throughOutages<T>(
  work: () => T | Promise<T>,
  options: OutageOptions,
): Promise<T | undefined> {
  const { isOutage, signal, over, timeoutMs = Infinity, begins, ends } =
    options;
  const deadline = Date.now() + timeoutMs;
  for (
    let wait = FIRST_PAUSE_MS, tries = 0;;
    wait = Math.min(wait * 2, MAX_PAUSE_MS)
  ) {
    try {
      const result = await work();
      if (tries > 0) ends?.();
      return result;
    } catch (error) {
      if (!isOutage(error) || Date.now() + wait > deadline) throw error;
      if (tries++ === 0) begins?.(error);
    }
    await pause(wait, signal);
    if (signal?.aborted || over?.()) return undefined;
  }
}
