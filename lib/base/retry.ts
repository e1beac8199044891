/**
 * Work that goes on through outages: tried again with growing pauses until it succeeds, is over, or its time is up.
 *
 * @module
 */

import { StoppedError } from "./errors.ts";
import { pause } from "./pause.ts";

/** How long to wait for Kafka and the registry at the start, and whom to tell. */
export interface WaitOptions {
  /**
   * How long to try before giving up, in milliseconds.
   *
   * @default {30000}
   */
  readonly timeoutMs?: number;
  /** Until when to try, in milliseconds since 1970 UTC, in place of the timeout: {@linkcode withDeadline} sets it. */
  readonly deadline?: number;
  /** Is told once when the first try failed and the wait begins. */
  readonly notify?: (line: string) => void;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** The default of {@linkcode WaitOptions.timeoutMs}. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** The first pause between two tries, in milliseconds; it doubles each time. */
export const FIRST_PAUSE_MS = 100;
/** The longest pause, in milliseconds. */
export const MAX_PAUSE_MS = 2_000;

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
      // Cut short by a stop: there is no wait to tell of.
      if (signal?.aborted && isOutage(error)) return undefined;
      if (!isOutage(error) || Date.now() + wait > deadline) throw error;
      if (tries++ === 0) begins?.(error);
    }
    await pause(wait, signal);
    if (signal?.aborted || over?.()) return undefined;
  }
}

/**
 * Starts the clock of a wait that has several stages, so that all of them together have the one timeout. A clock that runs
 * already runs on.
 *
 * @param options The options of the whole wait.
 * @returns The same options with a deadline, for each stage.
 */
export function withDeadline<T extends WaitOptions>(
  options: T,
): T & { readonly deadline: number } {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return { ...options, deadline: options.deadline ?? Date.now() + timeoutMs };
}

/**
 * Waits at the start until something can be reached.
 *
 * @param what How it is called in the line that says that it is waited for.
 * @param work Tries to reach it; it is told how much time is left, in milliseconds.
 * @param options What counts as an outage, how long to try, whom to tell, and what ends it.
 * @returns What the work returns.
 * @throws {StoppedError} If the signal ended the wait.
 * @throws {unknown} What the work threw, if it is no outage or the time is up.
 */
export async function waitFor<T>(
  what: string,
  work: (timeoutMs: number) => Promise<T>,
  options: WaitOptions & Pick<OutageOptions, "isOutage">,
): Promise<T> {
  const { notify, signal, isOutage } = options;
  const { deadline } = withDeadline(options);
  const left = () => Math.max(0, deadline - Date.now());
  const timeoutMs = left();
  let result: { readonly value: T } | undefined;
  if (!signal?.aborted) {
    result = await throughOutages(async () => ({
      value: await work(left()),
    }), {
      isOutage,
      signal,
      timeoutMs,
      begins: () =>
        notify?.(
          `Waiting for ${what} (up to ${Math.round(timeoutMs / 1_000)} s)...`,
        ),
    });
  }
  if (!result) throw new StoppedError(`Stopped while waiting for ${what}`);
  return result.value;
}
