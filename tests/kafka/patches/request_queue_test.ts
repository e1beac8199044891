/**
 * When a request counts as unanswered.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { patchRequestQueue } from "../../../lib/kafka/patches/request_queue.ts";

const REQUEST_TIMEOUT_MS = 20;

Deno.test("patchRequestQueue() counts the time of a request from what came on its connection last", async () => {
  class Queue {
    requestTimeout = REQUEST_TIMEOUT_MS;
    enforceRequestTimeout = true;
    requestTimeoutIntervalId = 0;
    inflight = new Map<number, unknown>();
    checks = 0;
    readonly #heardChecks: number;

    constructor(heardChecks: number) {
      this.#heardChecks = heardChecks;
    }

    /** A long answer comes in parts. */
    get heardAt(): number {
      return this.checks > this.#heardChecks ? 0 : Date.now();
    }

    isConnected(): boolean {
      this.checks++;
      return true;
    }

    destroy(): void {
      clearInterval(this.requestTimeoutIntervalId);
    }

    declare scheduleRequestTimeoutCheck: () => void;
  }
  patchRequestQueue({ load: <T>() => Queue as T });
  const queue = new Queue(3);
  const { promise, resolve } = Promise.withResolvers<void>();
  queue.inflight.set(1, {
    sentAt: Date.now() - 2 * REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    timeoutRequest: resolve,
  });
  queue.scheduleRequestTimeoutCheck();
  await promise;
  queue.destroy();
  assertEquals(queue.checks, 4);
});
