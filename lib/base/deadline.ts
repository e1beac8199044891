/**
 * Ends work that doesn't end by itself, such as a regular expression that backtracks without end.
 *
 * @module
 */

import vm from "node:vm";

const DEADLINE_MS = 500;

/** What is this near to the deadline waits for it, in milliseconds. */
const MARGIN_MS = 100;

const context = vm.createContext();
const script = new vm.Script("run()");

/**
 * Does a piece of work, and ends it at the deadline. It is tried twice: the process may have been suspended meanwhile.
 *
 * @param work It must be synchronous, and may be ended anywhere within.
 * @throws {DOMException} If it takes too long; its name is `TimeoutError`.
 */
export function withinDeadline<T>(work: () => T): T {
  for (const last of [false, true]) {
    try {
      return runOnce(work);
    } catch (error) {
      if (!isTimeout(error)) throw error;
      if (last) break;
    }
  }
  throw new DOMException(
    `it takes longer than ${DEADLINE_MS} ms`,
    "TimeoutError",
  );
}

function runOnce<T>(work: () => T): T {
  context["run"] = () => {
    const start = performance.now();
    try {
      return work();
    } finally {
      // V8 is asked by another thread to end the script. A script that ends at that moment by itself would leave the request for
      // what comes next: it waits for it instead.
      while (performance.now() - start > DEADLINE_MS - MARGIN_MS);
    }
  };
  return script.runInContext(context, { timeout: DEADLINE_MS });
}

function isTimeout(error: unknown): boolean {
  return Object(error).code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
