/**
 * Ends work that doesn't end by itself, such as a regular expression that backtracks without end.
 *
 * @module
 */

import process from "node:process";
import vm from "node:vm";

/** How much of the processor's time work may take, in milliseconds. */
const DEADLINE_MS = 500;
/**
 * How often work is tried that was ended though it had less than that. Each try may last twice as long as the one before: together
 * 7.5 s, in which a consumer keeps its place in its group.
 */
const TRIES_COUNT = 4;

/** What is this near to the deadline waits for it, in milliseconds. */
const MARGIN_MS = 100;

const context = vm.createContext();
const script = new vm.Script("run()");

/**
 * Does a piece of work, and ends it at the deadline. It is tried again where it did not have the processor for so long: the machine may
 * be busy, or the process may have been suspended meanwhile.
 *
 * @param work It must be synchronous, and may be ended anywhere within.
 * @throws {DOMException} If it takes too long; its name is `TimeoutError`.
 */
export function withinDeadline<T>(work: () => T): T {
  for (let tries = 0; tries < TRIES_COUNT; tries++) {
    const before = process.threadCpuUsage();
    try {
      return runOnce(work, DEADLINE_MS * 2 ** tries);
    } catch (error) {
      if (!isTimeout(error)) throw error;
      const { user, system } = process.threadCpuUsage(before);
      if ((user + system) / 1_000 > DEADLINE_MS - MARGIN_MS) break;
    }
  }
  throw new DOMException(
    `it takes longer than ${DEADLINE_MS} ms`,
    "TimeoutError",
  );
}

function runOnce<T>(work: () => T, timeoutMs: number): T {
  context["run"] = () => {
    const start = performance.now();
    try {
      return work();
    } finally {
      // V8 is asked by another thread to end the script. A script that ends at that moment by itself would leave the request for
      // what comes next: it waits for it instead.
      while (performance.now() - start > timeoutMs - MARGIN_MS);
    }
  };
  return script.runInContext(context, { timeout: timeoutMs });
}

function isTimeout(error: unknown): boolean {
  return Object(error).code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
