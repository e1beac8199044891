/**
 * The share that one thread of a task has in its work.
 *
 * @module
 */

import type { WaitOptions } from "../outage.ts";
import type { SharedRun } from "./shared_run.ts";

/** One thread's share. */
export interface Share {
  /** Which of the threads this is, from 0. */
  readonly index: number;
  /** How many threads there are. */
  readonly of: number;
  /** What they share. */
  readonly run: SharedRun;
  /** A stop. */
  readonly signal: AbortSignal;
  /** Is called once when a stop begins. */
  readonly stopping: () => void;
}

/**
 * Has a thread say which one it is when it tells of a wait.
 *
 * @param options The clients' options.
 * @param index Which of the threads this is; nothing where there are no others.
 * @returns The same options.
 */
export function numbered<T extends WaitOptions>(
  options: T,
  index: number | undefined,
): T {
  const { notify } = options;
  if (!notify || index === undefined) return options;
  return {
    ...options,
    notify: (line: string) => notify(`Worker ${index + 1}: ${line}`),
  };
}
