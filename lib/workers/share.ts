/**
 * The share that one thread of a task has in its work.
 *
 * @module
 */

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
  /** Is told of a wait, in a line. */
  readonly notify: (line: string) => void;
  /** Is called once when a stop begins. */
  readonly stopping: () => void;
}
