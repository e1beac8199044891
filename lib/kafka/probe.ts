/**
 * One request to a broker outside kafkajs: which of several brokers answers at all.
 *
 * kafkajs tries the brokers of its list one after the other, and takes one that accepts connections and never answers for
 * connected. So it gets one that answers.
 *
 * @module
 */

import type { Socket } from "node:net";
import { OutageError } from "../base/errors.ts";
import type { KafkaSecurity } from "../settings/security.ts";
import { type Destination, socketFactory } from "./sockets.ts";

/** How long a broker may take to answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 3_000;

const API_VERSIONS = { apiKey: 18, apiVersion: 0 } as const;

/** A request of Kafka's protocol. */
export interface BrokerRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly body?: Uint8Array;
}

/** How to reach a broker, and for how long to wait for its answer. */
export interface ExchangeOptions {
  /** What to ask. By default: which requests it takes, which it answers without a login. */
  readonly request?: BrokerRequest;
  /** Opens the connection. */
  readonly open: (to: Destination) => Socket;
  /** How long connection and answer may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Splits a broker's `host:port`. An IPv6 address loses its brackets. */
export function addressOf(
  broker: string,
): { readonly host: string; readonly port: number } {
  const at = broker.lastIndexOf(":");
  return {
    host: broker.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(broker.slice(at + 1)),
  };
}

/** Writes a request with a header of version 1; its correlation id is 1. */
function encode({ apiKey, apiVersion, body }: BrokerRequest): Uint8Array {
  const client = new TextEncoder().encode("cafe-event-pipeline");
  const header = 4 + 2 + 2 + 4 + 2 + client.length;
  const bytes = new Uint8Array(header + (body?.length ?? 0));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytes.length - 4);
  view.setInt16(4, apiKey);
  view.setInt16(6, apiVersion);
  view.setInt32(8, 1);
  view.setInt16(12, client.length);
  bytes.set(client, 14);
  if (body) bytes.set(body, header);
  return bytes;
}

/**
 * Sends one request to a broker, on a connection of its own.
 *
 * @returns The error code with which its answer begins.
 * @throws {OutageError} If it does not answer in time, or what answers is not a broker.
 * @throws {Error} If the connection fails: the socket's own error.
 */
export async function askBroker(
  broker: string,
  options: ExchangeOptions,
): Promise<number> {
  const { request = API_VERSIONS, open, timeoutMs, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const onConnect = () => socket.write(encode(request));
  const socket = open({ ...addressOf(broker), onConnect });
  const fail = () =>
    reject(new OutageError(`The broker at ${broker} does not answer`));
  const timer = setTimeout(fail, timeoutMs);
  signal?.addEventListener("abort", fail);
  socket.on("error", reject);
  socket.once("close", fail);
  // The size, the correlation id and the error code fit into the first piece that a broker sends.
  socket.once("data", (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length >= 10 && view.getInt32(4) === 1) {
      resolve(view.getInt16(8));
    } else fail();
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", fail);
    socket.destroy();
  }
}

/** Finds the broker that answers first, by a request that takes no login; all of them if none does, or if there is only one. */
export async function answeringBrokers(
  brokers: readonly string[],
  security: KafkaSecurity | undefined,
): Promise<string[]> {
  if (brokers.length < 2) return [...brokers];
  const found = new AbortController();
  try {
    const asked = brokers.map(async (broker) => {
      await askBroker(broker, {
        open: socketFactory(security),
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal: found.signal,
      });
      return broker;
    });
    return [await Promise.any(asked)];
  } catch {
    // kafkajs tries them all, and its error says what is wrong with each.
    return [...brokers];
  } finally {
    found.abort();
  }
}
