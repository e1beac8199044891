/**
 * A fix of the timers of kafkajs' request queue, which keep an idle client busy.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

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

/** The interval at which requests are checked for a timeout, in milliseconds. */
const TIMEOUT_CHECK_MS = 1_000;

/**
 * Makes kafkajs' request queue arm no timer while it is empty, and check each connection's requests for a timeout once a second
 * instead of ten times.
 *
 * It re-arms the first timer after every response with a delay of `throttledUntil - now`, a large negative number: Node and Deno
 * print a TimeoutNegativeWarning, and each firing arms the next, which keeps an idle client busy
 * (kafkajs issues 1556, 1704 and 1751).
 *
 * @param kafkajs The copy to patch.
 */
export function patchRequestQueue(kafkajs: Pick<OwnCopy, "load">): void {
  const { prototype } = kafkajs.load<{ readonly prototype: RequestQueue }>(
    "src/network/requestQueue/index.js",
  );
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
