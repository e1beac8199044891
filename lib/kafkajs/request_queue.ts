/**
 * The fix of kafkajs' request queue.
 *
 * @module
 */

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * Stops kafkajs' request queue from arming a timer when nothing waits in it.
 *
 * It re-arms one after every response with a delay of `throttledUntil - now`, a large negative number: Node and Deno
 * warn of it (TimeoutNegativeWarning), and each firing arms the next, which keeps an idle client busy for ever
 * (kafkajs issues 1556, 1704 and 1751).
 */
export async function mendRequestQueue(): Promise<void> {
  const { default: queue } = await import(
    "kafkajs/src/network/requestQueue/index.js"
  );
  const prototype = queue.prototype as RequestQueue;
  const original = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) original.call(this);
  };
}
