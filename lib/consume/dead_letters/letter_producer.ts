/**
 * The producer that sends a message as another one has it: to a given partition.
 *
 * @module
 */

import type { CompressionTypes, Kafka, Message, Producer } from "kafkajs";
import { PipelineError } from "../../base/errors.ts";
import type { Position } from "../../events/record.ts";

/** All in-sync replicas: a letter is the only copy once its message's offset is committed. Equals `acks=all`. */
const ACKS_ALL = -1;

/**
 * Makes the producer. It doesn't connect yet.
 *
 * @param kafka The client.
 * @returns The producer.
 */
export function letterProducer(kafka: Kafka): Producer {
  return kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => ({ message }) => message.partition ?? 0,
  });
}

/**
 * Sends one message, and waits until all replicas have it.
 *
 * @param producer The producer, connected.
 * @param to The topic and the partition.
 * @param message The message.
 * @param compression The codec to send it with, if any.
 * @returns Where it is.
 * @throws {PipelineError} If there is no such partition: kafkajs of itself drops the message in silence then.
 * @throws {Error} What kafkajs throws if Kafka can't be reached, or refuses.
 */
export async function sendLetter(
  producer: Producer,
  { topic, partition }: Omit<Position, "offset">,
  message: Omit<Message, "partition">,
  compression?: CompressionTypes,
): Promise<Position> {
  const [result] = await producer.send({
    topic,
    acks: ACKS_ALL,
    ...(compression === undefined ? {} : { compression }),
    messages: [{ ...message, partition }],
  });
  if (result?.baseOffset === undefined) {
    throw new PipelineError(`There is no partition ${partition} of '${topic}'`);
  }
  return { topic, partition, offset: result.baseOffset };
}
