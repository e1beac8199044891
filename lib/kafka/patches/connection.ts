/**
 * How kafkajs takes a broker's answers from a connection, and how long it waits for them.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Destination } from "../sockets.ts";
import { FrameError, FrameReader, INT32_BYTES } from "./frames.ts";
import type { OwnCopy } from "./own_copy.ts";
import type { RequestQueue } from "./request_queue.ts";

/**
 * How long a broker may take with requests that wait for something else, in milliseconds. Equals `request.timeout.ms` of Kafka's own
 * clients, and has its default.
 */
const PATIENCE_MS = 30_000;
/**
 * Those requests, by the protocol's numbers: Produce waits for other replicas, SyncGroup for the group's leader, CreateTopics for the
 * controller. kafkajs itself waits longer for JoinGroup.
 */
const PATIENT_APIS: ReadonlySet<number> = new Set([0, 14, 19]);

/** How long nothing may have come on a connection that is not known to be alive, in milliseconds. */
const STALE_MS = 2_000;

interface Sending {
  readonly request: { readonly apiKey: number };
  readonly requestTimeout?: number;
}

/** kafkajs' class `Connection`, as far as it is patched. */
export interface Connection {
  /** `host:port`. */
  readonly broker: string;
  readonly host: string;
  readonly port: number;
  readonly socketFactory: (to: Destination) => Socket;
  readonly socket: Socket;
  readonly authHandlers: {
    onSuccess(answer: Buffer): void;
    onError(): void;
  } | null;
  readonly authExpectResponse: boolean;
  /** Not kafkajs' own. */
  frames: FrameReader;
  readonly requestQueue: RequestQueue & {
    heardAt: number;
    fulfillRequest(answer: {
      readonly correlationId: number;
      readonly size: number;
      readonly payload: Buffer;
    }): void;
  };
  isConnected(): boolean;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(sending: Sending): Promise<unknown>;
  processData(data: Buffer): void;
}

/**
 * Makes kafkajs close a connection once, however often it is asked to, and close one whose broker
 * - does not answer, and with it those to the same broker on which nothing has come for a while: kafkajs would send the next request into the
 *   same silence;
 * - sends a frame of a length that no broker sends, as if it were broken. kafkajs' own code throws where it
 *   can't be caught, or gathers up to 2 GiB.
 */
export function patchConnection(kafkajs: OwnCopy): void {
  const { prototype } = kafkajs.load<{ readonly prototype: Connection }>(
    "src/network/connection.js",
  );
  const { connect, disconnect, send } = prototype;
  const open = new Set<Connection>();
  prototype.connect = function () {
    open.add(this);
    this.frames = new FrameReader();
    this.requestQueue.heardAt = Date.now();
    return connect.call(this);
  };
  prototype.disconnect = async function () {
    // kafkajs would add a listener to the dead socket each time.
    if (!open.delete(this) && !this.isConnected()) return true;
    return await disconnect.call(this);
  };
  prototype.send = async function (sending) {
    const { socket, broker } = this;
    try {
      return await send.call(
        this,
        PATIENT_APIS.has(sending.request.apiKey)
          ? { ...sending, requestTimeout: PATIENCE_MS }
          : sending,
      );
    } catch (error) {
      if (
        error instanceof Error && error.name === "KafkaJSRequestTimeoutError"
      ) {
        socket.destroy(error);
        for (const other of open) {
          const { inflight, heardAt } = other.requestQueue;
          const isStale = inflight.size === 0 &&
            heardAt < Date.now() - STALE_MS;
          if (isStale && other.broker === broker) other.socket.destroy(error);
        }
      }
      throw error;
    }
  };
  prototype.processData = function (data) {
    this.requestQueue.heardAt = Date.now();
    if (this.authHandlers && !this.authExpectResponse) {
      return this.authHandlers.onSuccess(data);
    }
    try {
      for (const frame of this.frames.read(data)) {
        if (this.authHandlers) return this.authHandlers.onSuccess(frame);
        this.requestQueue.fulfillRequest({
          size: frame.length - INT32_BYTES,
          correlationId: frame.readInt32BE(INT32_BYTES),
          payload: frame.subarray(2 * INT32_BYTES),
        });
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.authHandlers?.onError();
      this.socket.destroy(error);
    }
  };
}
