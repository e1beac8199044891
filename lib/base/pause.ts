/**
 * A wait that a stop cuts short.
 *
 * @module
 */

/**
 * Waits, but not past a stop.
 *
 * @param ms How long, in milliseconds.
 * @param signal What ends the wait early.
 * @returns When the time is up or the signal came.
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
