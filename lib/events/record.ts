/**
 * An event in Kafka: where it is, and what goes with it.
 *
 * @module
 */

import { decodeUtf8 } from "../base/utf8.ts";

/** A message's place in Kafka. */
export interface Position {
  /** The topic. */
  readonly topic: string;
  /** The partition's number. */
  readonly partition: number;
  /** The offset, as text: it is a 64-bit number. `-1` if the broker was not asked for it (acks 0). */
  readonly offset: string;
}

/** A header of a message. Names may come twice, and their sequence has a meaning (KIP-82). */
export type Header = readonly [name: string, value: Uint8Array | null];

/** A header of a message that is to be sent; text is sent as UTF-8. */
export type OutgoingHeader = readonly [
  name: string,
  value: Uint8Array | string | null,
];

/** An event in Kafka. */
export interface EventRecord<T> extends Position {
  /** The message's timestamp, in milliseconds since the epoch; -1 if it has none. */
  readonly timestamp: number;
  /** The message's key; `null` for none. */
  readonly key: string | null;
  /** The message's headers, in their sequence. */
  readonly headers: readonly Header[];
  /** The event. */
  readonly event: T;
}

/** Writes where a message is, such as `demo [1] offset=6`. */
export function placeOf({ topic, partition, offset }: Position): string {
  return `${topic} [${partition}] offset=${offset}`;
}

/** Reads a message's key as text. A key that isn't UTF-8 is written by its bytes, such as `0xff01`: no event depends on it. */
export function keyText(key: Uint8Array | null | undefined): string | null {
  if (!key) return null;
  return decodeUtf8(key) ?? `0x${key.toHex()}`;
}
