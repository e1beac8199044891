/**
 * Sends a message to a given partition, and waits until all replicas have it.
 *
 * @module
 */

import { PipelineError } from "../../base/errors.ts";
import type { Position } from "../../events/record.ts";
import type { OutgoingMessage } from "../../kafka/message.ts";
import type { MessageProducer } from "../../kafka/message_producer.ts";

/** A message, and how to send it. */
export interface Letter extends Omit<OutgoingMessage, "partition"> {
  /**
   * Whether to compress it.
   *
   * @default {false}
   */
  readonly gzip?: boolean;
}

/**
 * Sends one message, and waits until all in-sync replicas have it: a letter is the only copy once its message's offset is committed.
 *
 * @param producer The producer, connected.
 * @param to The topic and the partition.
 * @param letter The message.
 * @returns Where it is.
 * @throws {PipelineError} If there is no such partition.
 * @throws {Error} If Kafka can't be reached, or refuses.
 */
export async function sendLetter(
  producer: MessageProducer,
  to: Omit<Position, "offset">,
  letter: Letter,
): Promise<Position> {
  const { topic, partition } = to;
  const { gzip = false, ...message } = letter;
  const offset = await producer.send({
    topic,
    acks: "all",
    gzip,
    messages: [{ ...message, partition }],
  });
  if (offset === undefined) {
    throw new PipelineError(`There is no partition ${partition} of '${topic}'`);
  }
  return { topic, partition, offset: String(offset) };
}
