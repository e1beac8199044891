/**
 * One process at a time: a lock on a file, which the system releases when its holder dies.
 *
 * @module
 */

import { pause } from "../base/pause.ts";
import { throwIfStopped } from "./shell.ts";

const POLL_MS = 100;
/** The time after which `onWait` is called, in milliseconds. */
const PATIENCE_MS = 1_000;

/** Does something while no other process, nor another call in this one, does it. */
export async function withLock<T>(
  { path, onWait, signal }: {
    readonly path: string;
    /** Called if another process holds the lock, once. */
    readonly onWait?: () => void;
    readonly signal?: AbortSignal | undefined;
  },
  action: () => Promise<T>,
): Promise<T> {
  using file = await Deno.open(path, { create: true, write: true });
  for (let waitedMs = 0; !await file.tryLock(true); waitedMs += POLL_MS) {
    throwIfStopped(signal);
    if (waitedMs === PATIENCE_MS) onWait?.();
    await pause(POLL_MS, signal);
  }
  return await action();
}
