/**
 * Ctrl+C, SIGTERM and SIGHUP as an `AbortSignal`.
 *
 * @module
 */

import { errors, output } from "./output.ts";

const KILLED_BY_SIGINT = 130;

/**
 * How long after the first signal a further one is taken for the same, in milliseconds. A terminal sends Ctrl+C to every process of
 * the group, and `deno task` forwards it to the task once or twice more (measured with Deno 2.9.6, within 4 ms).
 */
const REPEAT_MS = 500;

/**
 * Listens for Ctrl+C, SIGTERM and SIGHUP. The first asks for a clean stop, and limits how long a reader of the output may take; a
 * second Ctrl+C or SIGTERM ends the process immediately. Disposing of the stop removes the listeners.
 */
export function stopSignal(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let firstAt = 0;
  const stop = () => {
    if (controller.signal.aborted) return;
    firstAt = Date.now();
    output.hurry();
    errors.hurry();
    controller.abort();
  };
  const stopOrEnd = () => {
    if (!controller.signal.aborted) stop();
    else if (Date.now() - firstAt > REPEAT_MS) Deno.exit(KILLED_BY_SIGINT);
  };
  const listeners: [Deno.Signal, () => void][] = [["SIGINT", stopOrEnd]];
  // Windows has no SIGTERM, and ends a process soon after SIGHUP.
  if (Deno.build.os !== "windows") {
    // A closed terminal sends SIGHUP, and its shell sends it once more: nobody asks for haste.
    listeners.push(["SIGTERM", stopOrEnd], ["SIGHUP", stop]);
  }
  for (const listener of listeners) Deno.addSignalListener(...listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const listener of listeners) Deno.removeSignalListener(...listener);
    },
  };
}
