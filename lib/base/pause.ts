/**
 * A wait that a signal ends early.
 *
 * @module
 */

/**
 * Waits until the time is up or the signal is aborted.
 *
 * @param ms How long, in milliseconds.
 * @param signal Ends the wait early.
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
