/**
 * What kafkajs hands on of a fetch: the messages of a partition.
 *
 * @module
 */

import { replaceModule } from "./replace_module.ts";

/** A message, as far as it matters here. */
interface FetchedMessage {
  readonly offset: string;
  readonly isControlRecord: boolean;
}

/** A partition's part of a fetch response. */
interface PartitionData {
  readonly messages: readonly FetchedMessage[];
  readonly abortedTransactions?: readonly unknown[];
}

/** kafkajs' own class. */
type BatchClass = new (
  topic: string,
  fetchedOffset: string,
  data: PartitionData,
) => {
  rawMessages: readonly FetchedMessage[];
  messagesWithinOffset: readonly FetchedMessage[];
  messages: readonly FetchedMessage[];
};

/**
 * Makes kafkajs' class faster where nothing has to be left out: offsets ascend, so that the first one tells of all.
 *
 * @param Batch The class.
 * @returns Another one that does the same.
 */
export function quickBatch(Batch: BatchClass): BatchClass {
  return class extends Batch {
    constructor(topic: string, fetchedOffset: string, data: PartitionData) {
      const { messages, abortedTransactions = [] } = data;
      const [first] = messages;
      const whole = first !== undefined && abortedTransactions.length === 0 &&
        BigInt(first.offset) >= BigInt(fetchedOffset);
      super(topic, fetchedOffset, whole ? { ...data, messages: [] } : data);
      if (!whole) return;
      this.rawMessages = this.messagesWithinOffset = messages;
      this.messages = messages.filter((message) => !message.isControlRecord);
    }
  };
}

/**
 * Has kafkajs use {@linkcode quickBatch}: its own compares each message's offset as a 64-bit object. Where somebody else has
 * loaded kafkajs before, it keeps its own.
 */
export async function mendFetchedBatch(): Promise<void> {
  const path = "src/consumer/batch.js";
  const { default: batch } = await import("kafkajs/src/consumer/batch.js");
  replaceModule(path, quickBatch(batch));
}
