/**
 * A message as this project's Kafka clients read and send it.
 *
 * @module
 */

import type { Header, OutgoingHeader } from "../events/record.ts";

/** A message that was read. */
export interface Message {
  /** The offset, as text: it is a 64-bit number. */
  readonly offset: string;
  /** Milliseconds since 1970 UTC; -1 if it has none. */
  readonly timestamp: number;
  /** The key in bytes. A consumer has them until the message is processed. */
  readonly key: Uint8Array | null;
  /** The value in bytes, which a consumer has as long. */
  readonly value: Uint8Array | null;
  /** The headers, in their sequence. */
  readonly headers: readonly Header[];
  /**
   * Set if this is not a message but a whole record batch that can't be read. Its records are the value, as they were stored. Its
   * offset is that of the batch's last record.
   */
  readonly damaged?: DamagedBatch;
}

/** A record batch that can't be read. */
export interface DamagedBatch {
  /** The codec that its records are compressed with, by Kafka's name; `none` if they are not. */
  readonly codec: string;
  /** Why it can't be read. */
  readonly reason: string;
  /** The offset of its first record. */
  readonly firstOffset: string;
}

/** A message to send. */
export interface OutgoingMessage {
  readonly partition: number;
  /** The key: bytes, or text that stands for its UTF-8. */
  readonly key?: Uint8Array | string | null;
  /** The value: bytes, or text that stands for its UTF-8. */
  readonly value: Uint8Array | string | null;
  /** Milliseconds since 1970 UTC. @default The time of sending. */
  readonly timestamp?: number;
  /** The headers, in their sequence. */
  readonly headers?: readonly OutgoingHeader[] | undefined;
}

/** Describes a batch that can't be read. Returns one sentence with the topic, the partition, the offsets, the codec and the reason. */
export function describeDamage(
  message: Message,
  place: { readonly topic: string; readonly partition: number },
): string {
  const { codec = "none", reason, firstOffset } = message.damaged ?? {};
  const compressed = codec === "none" ? "" : `, compressed by ${codec},`;
  return `The batch of topic '${place.topic}', partition ${place.partition}, offsets ${firstOffset} to ${message.offset}` +
    `${compressed} can't be read: ${reason}`;
}
