/**
 * How kafkajs takes a broker's answers from a connection.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { OwnCopy } from "./own_copy.ts";

/**
 * The longest answer that is taken from a broker, in bytes. A fetch asks for 16 MiB at most, and gets more only if a single batch is
 * larger. Equals `receive.message.max.bytes` of librdkafka, and has its default.
 */
export const MAX_FRAME_BYTES = 100_000_000;

/** The length in front of a frame, and the number of the request that it answers, in bytes. */
const INT32_BYTES = 4;

interface Connection {
  readonly socket: Socket;
  readonly authHandlers: {
    onSuccess(answer: Buffer): void;
    onError(): void;
  } | null;
  readonly authExpectResponse: boolean;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  readonly requestQueue: {
    fulfillRequest(answer: {
      readonly correlationId: number;
      readonly size: number;
      readonly payload: Buffer;
    }): void;
  };
  processData(data: Buffer): void;
}

/**
 * Makes kafkajs close a connection whose broker sends a frame that is too short or longer than {@linkcode MAX_FRAME_BYTES}, as if it
 * were broken. Its own code throws where it can't be caught, or gathers up to 2 GiB.
 *
 * @param kafkajs The copy to patch.
 */
export function patchConnection(kafkajs: OwnCopy): void {
  const { prototype } = kafkajs.load<{ readonly prototype: Connection }>(
    "src/network/connection.js",
  );
  prototype.processData = function (data) {
    if (this.authHandlers && !this.authExpectResponse) {
      return this.authHandlers.onSuccess(data);
    }
    this.chunks.push(data);
    this.bytesBuffered += data.length;
    while (this.bytesBuffered >= this.bytesNeeded) {
      const bytes = this.chunks.length === 1
        ? this.chunks[0] as Buffer
        : Buffer.concat(this.chunks);
      const size = bytes.readInt32BE(0);
      if (size < INT32_BYTES || size > MAX_FRAME_BYTES) {
        this.chunks = [];
        this.bytesBuffered = 0;
        this.authHandlers?.onError();
        this.socket.destroy(
          new Error(`The broker sent a frame of ${size} bytes`),
        );
        return;
      }
      const end = INT32_BYTES + size;
      if (bytes.length < end) {
        this.chunks = [bytes];
        this.bytesNeeded = end;
        return;
      }
      this.chunks = [bytes.subarray(end)];
      this.bytesBuffered = bytes.length - end;
      this.bytesNeeded = INT32_BYTES;
      if (this.authHandlers) {
        return this.authHandlers.onSuccess(bytes.subarray(0, end));
      }
      this.requestQueue.fulfillRequest({
        size,
        correlationId: bytes.readInt32BE(INT32_BYTES),
        payload: bytes.subarray(2 * INT32_BYTES, end),
      });
    }
  };
}
