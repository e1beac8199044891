/**
 * What keeps an idle client of kafkajs busy: the timers of its request queue.
 *
 * @module
 */

interface Request {
  readonly sentAt: number;
  readonly requestTimeout: number;
  timeoutRequest(): void;
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly inflight: ReadonlyMap<number, Request>;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly isConnected: () => boolean;
  requestTimeoutIntervalId: ReturnType<typeof setInterval>;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
  destroy(): void;
}

/** How far apart the looks for requests without an answer are, in milliseconds. */
const TIMEOUT_CHECK_MS = 1_000;

/**
 * Stops kafkajs' request queue from arming a timer when nothing waits in it, and has it look for requests without an answer once
 * a second instead of ten times, on each connection.
 *
 * It re-arms the first after every response with a delay of `throttledUntil - now`, a large negative number: Node and Deno
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
  prototype.scheduleRequestTimeoutCheck = function () {
    if (!this.enforceRequestTimeout) return;
    this.destroy();
    this.requestTimeoutIntervalId = setInterval(() => {
      for (const request of this.inflight.values()) {
        if (Date.now() - request.sentAt > request.requestTimeout) {
          request.timeoutRequest();
        }
      }
      if (!this.isConnected()) this.destroy();
    }, Math.min(this.requestTimeout, TIMEOUT_CHECK_MS));
  };
}
