/**
 * Work that goes on through outages: tried again with growing pauses until it succeeds, is over, or its time is up.
 *
 * @module
 */

import { OutageError, StoppedError } from "./errors.ts";
import { pause } from "./pause.ts";

/** How long to wait for Kafka and the registry at the start, and what to call meanwhile. */
export interface WaitOptions {
  /** How long to try before giving up, in milliseconds. @default {30000} */
  readonly timeoutMs?: number;
  /** Deadline in milliseconds since the epoch, in place of the timeout: {@linkcode withDeadline} sets it. */
  readonly deadline?: number;
  /** Receives a line when the first try has failed and the wait begins. */
  readonly notify?: ((line: string) => void) | undefined;
  /**
   * Looks for a cause that waiting doesn't remove: after the first failed try, and again when the time is up. An error that it
   * returns ends the wait and is thrown.
   */
  readonly diagnose?:
    | ((outage: unknown) => Promise<Error | undefined>)
    | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const isOutageError = (error: unknown) => error instanceof OutageError;
/** The first pause between two tries, in milliseconds; it doubles each time. */
export const FIRST_PAUSE_MS = 100;
/** The longest pause, in milliseconds. */
export const MAX_PAUSE_MS = 2_000;

/** What counts as an outage, and how long to try. */
export interface OutageOptions {
  /** Tells an outage from other errors. By default: each {@linkcode OutageError}. */
  readonly isOutage?: (error: unknown) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Tells whether the work has become pointless. */
  readonly over?: () => boolean;
  /** For how long to try, in milliseconds. By default: `Infinity`. */
  readonly timeoutMs?: number;
  /** Called when the first try has failed; the wait begins when it is done. What it throws ends the wait. */
  readonly begins?: (error: unknown) => unknown;
  /** Called when a try succeeds after a wait. */
  readonly ends?: () => void;
}

/**
 * Does some work, and repeats it through outages. Returns undefined if the wait ends before the work succeeds.
 *
 * @throws {unknown} What the work threw, if it is not an outage or the time is up.
 */
export async function throughOutages<T>(
  work: () => T | Promise<T>,
  options: OutageOptions,
): Promise<T | undefined> {
  const { isOutage = isOutageError, timeoutMs = Infinity } = options;
  const { signal, over, begins, ends } = options;
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
      // The stop caused the failure: no wait begins.
      if (signal?.aborted && isOutage(error)) return undefined;
      if (!isOutage(error) || Date.now() + wait > deadline) throw error;
      if (tries++ === 0) await begins?.(error);
    }
    await pause(wait, signal);
    if (signal?.aborted || over?.()) return undefined;
  }
}

/** Turns a timeout into a deadline, so that the stages of a wait share it. A deadline that is set already is kept. */
export function withDeadline<T extends WaitOptions>(
  options: T,
): T & { readonly deadline: number } {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return { ...options, deadline: options.deadline ?? Date.now() + timeoutMs };
}

/**
 * Waits at the start until something can be reached.
 *
 * @param work Tries to reach it within the time that is left, in milliseconds.
 * @throws {StoppedError} If the signal ended the wait.
 * @throws {unknown} What the work threw or the diagnosis found, if it is not an outage or the time is up.
 */
export async function waitFor<T>(
  what: string,
  work: (timeoutMs: number) => Promise<T>,
  options: WaitOptions & Pick<OutageOptions, "isOutage">,
): Promise<T> {
  const { notify, signal, isOutage = isOutageError, diagnose } = options;
  const { deadline } = withDeadline(options);
  const left = () => Math.max(0, deadline - Date.now());
  const timeoutMs = left();
  let result: { readonly value: T } | undefined;
  try {
    if (!signal?.aborted) {
      result = await throughOutages(async () => ({
        value: await work(left()),
      }), {
        isOutage,
        signal,
        timeoutMs,
        async begins(outage) {
          const found = await diagnose?.(outage);
          if (found) throw found;
          if (signal?.aborted) return;
          notify?.(
            `Waiting for ${what} (up to ${Math.ceil(timeoutMs / 1_000)} s)...`,
          );
        },
      });
    }
  } catch (error) {
    throw isOutage(error) && await diagnose?.(error) || error;
  }
  if (!result) throw new StoppedError(`Stopped while waiting for ${what}`);
  return result.value;
}
