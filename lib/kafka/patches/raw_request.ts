/**
 * Requests of Kafka's protocol that kafkajs doesn't have, written and read with its own classes.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { loadKafkajsFile } from "./load.ts";
import type { Encoder } from "./produce_request.ts";

/** kafkajs' class `Decoder`, as far as it is used here. */
export interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readString(): string | null;
  readBytes(): Buffer;
  readBoolean(): boolean;
  readArray<T>(read: (decoder: Decoder) => T): T[];
  readUVarInt(): number;
  readUVarIntString(): string | null;
  forward(size: number): void;
}

/** A request, and how its response is read. */
export interface RawRequest<T> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly write: (encoder: Encoder) => Encoder;
  readonly read: (decoder: Decoder) => T;
}

/** Sends a request. */
export async function sendRaw<T>(
  broker: unknown,
  request: RawRequest<T>,
): Promise<T> {
  const { connectionPool } = broker as {
    readonly connectionPool: { send(request: unknown): Promise<T> };
  };
  const { write, read, ...api } = request;
  const [Encoder, Decoder] = await Promise.all([
    loadKafkajsFile<new () => Encoder>("src/protocol/encoder.js"),
    loadKafkajsFile<new (buffer: Buffer) => Decoder>("src/protocol/decoder.js"),
  ]);
  return await connectionPool.send({
    request: { ...api, encode: () => write(new Encoder()) },
    response: {
      decode: (payload: Buffer) => ({ value: read(new Decoder(payload)) }),
      parse: ({ value }: { readonly value: T }) => value,
    },
  });
}
