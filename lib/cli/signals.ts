/**
 * Ctrl+C and SIGTERM as an `AbortSignal`.
 *
 * @module
 */

/** What a shell reports for a process that SIGINT ended: 128 + 2. */
const KILLED_BY_SIGINT = 130;

/**
 * For how long a signal may be a repetition of the first, in milliseconds. A terminal sends Ctrl+C to every process of the group, and
 * `deno task` passes it on to the task once or twice more (measured with Deno 2.9.6, within 4 ms).
 */
const REPEAT_MS = 500;

/** A stop that may be asked for. Disposing of it takes the listeners away. */
export interface StopSignal extends Disposable {
  /** Aborts on the first Ctrl+C or SIGTERM. */
  readonly signal: AbortSignal;
}

/**
 * Listens for Ctrl+C and SIGTERM. The first asks for a clean stop; a second one ends the process at once.
 *
 * @returns The signal; dispose of it when the work is done.
 */
export function stopSignal(): StopSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const stop = () => {
    if (!controller.signal.aborted) {
      firstAt = Date.now();
      controller.abort();
    } else if (Date.now() - firstAt > REPEAT_MS) {
      Deno.exit(KILLED_BY_SIGINT);
    }
  };
  // Windows has no SIGTERM.
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, stop);
    },
  };
}
