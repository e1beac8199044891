/**
 * How kafkajs sorts the messages of a request by partition.
 *
 * @module
 */

import type { OwnCopy } from "./own_copy.ts";

/** What kafkajs asks for. */
interface GroupOptions {
  readonly messages: readonly { readonly partition: number }[];
}

/**
 * Makes kafkajs take a request's messages as they come. All are for one partition, and it copies its list of them for each message.
 *
 * @param kafkajs The copy to patch.
 */
export function patchGroupMessages(kafkajs: OwnCopy): void {
  kafkajs.replace(
    "src/producer/groupMessagesPerPartition.js",
    ({ messages }: GroupOptions) => ({
      [messages[0]?.partition ?? 0]: messages,
    }),
  );
}
