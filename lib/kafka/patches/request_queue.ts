/**
 * A fix of the timers of kafkajs' request queue, which keep an idle client busy, and of its timeouts.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

interface Request {
  readonly sentAt: number;
  readonly requestTimeout: number;
  timeoutRequest(): void;
}

/** kafkajs' class `RequestQueue`, as far as it is patched. */
export interface RequestQueue {
  /** When something came on the connection last, in milliseconds since the epoch. */
  heardAt?: number;
  /** Called whenever requests are checked for a timeout. */
  onCheck?: () => void;
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
 * Makes kafkajs' request queue arm no timer while it is empty, and check each connection's requests for a timeout once a second instead
 * of ten times. A request's time begins again with all that comes on its connection, such as a part of a long answer.
 *
 * It re-arms the first timer after every response with a delay of `throttledUntil - now`, a large negative number: Node and Deno print a
 * TimeoutNegativeWarning, and each firing arms the next, which keeps an idle client busy (kafkajs issues 1556, 1704 and 1751).
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
    let checkedAt = Date.now();
    this.requestTimeoutIntervalId = setInterval(() => {
      if (!this.isConnected()) return this.destroy();
      const now = Date.now();
      const isLate = now - checkedAt > 2 * TIMEOUT_CHECK_MS;
      checkedAt = now;
      // The process was suspended, and has not read yet what came meanwhile.
      if (isLate) return;
      this.onCheck?.();
      for (const request of this.inflight.values()) {
        const sinceMs = Math.max(request.sentAt, this.heardAt ?? 0);
        if (now - sinceMs > request.requestTimeout) request.timeoutRequest();
      }
    }, Math.min(this.requestTimeout, TIMEOUT_CHECK_MS));
  };
}
