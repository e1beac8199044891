/**
 * A topic's messages in pages, forwards or backwards, and as they come: no group is joined and nothing is committed.
 *
 * @module
 */

import type { WaitOptions } from "../base/retry.ts";
import type { OffsetRange } from "../kafka/admin.ts";
import {
  connectWithin,
  createKafka,
  type KafkaOptions,
  withClient,
} from "../kafka/client.ts";
import { explainKafkaError } from "../kafka/errors.ts";
import type { TopicReader } from "../kafka/topic_reader.ts";
import { checkTopicName } from "../kafka/topic.ts";
import type { Config } from "../settings/config.ts";
import { MessageSearch, type Places } from "./message_search.ts";
import { type OffsetTarget, rangesOf, resolveTarget } from "./offset_target.ts";
import type { MessageDecoder, PeekedMessage } from "./peeked_message.ts";

/** Which messages to read. */
export interface ReadOptions extends KafkaOptions, WaitOptions {
  readonly topic: string;
  /** The partition; all of them by default. */
  readonly partition?: number | undefined;
  /** Where to begin; see there for the default. */
  readonly from?: OffsetTarget | undefined;
  /** Where to begin, by partition, in place of `from`: where an earlier page ended. */
  readonly places?: Places | undefined;
  readonly matches?: ((message: PeekedMessage) => boolean) | undefined;
  readonly decoder: MessageDecoder;
}

/** Which page to read. */
export interface PageOptions extends ReadOptions {
  /** Whether to go back from there, or from the end if no place is given. */
  readonly back: boolean;
  readonly limit: number;
}

/** A page of messages. */
export interface MessagePage {
  /** The messages, in the sequence in which they were looked for: those of a partition by offset, the partitions merged by time. */
  readonly messages: readonly PeekedMessage[];
  readonly read: number;
  /** Where the next page begins; undefined if there is nothing more. */
  readonly next: Places | undefined;
  /** The ends of the partitions: where later messages will be. */
  readonly ends: Places;
}

/** How many offsets of a partition are read first, and at most for one page. The number doubles from step to step. */
const [FIRST_STEP, MAX_LOOK] = [50n, 10_000n];
/** After how long no further step begins, in milliseconds: the page then has fewer messages, and a next page. */
const LOOK_MS = 3_000;
/** How long the values of a page are together, in bytes. A longer one comes alone. */
const MAX_PAGE_BYTES = 4 * 2 ** 20;

/** Reads a page. It begins at the end if it goes back, and else at the start, unless `from` or `places` is set. */
export async function readPage(
  config: Config,
  options: PageOptions,
): Promise<MessagePage> {
  const topic = checkTopicName(options.topic);
  return await withClient(config, {
    ...options,
    make: (kafka) => kafka.reader(),
  }, async (reader) => {
    const ranges = await rangesOf(reader, options);
    const starts = await startsOf(reader, { ...options, topic, ranges });
    const search = new MessageSearch(reader, {
      ...options,
      topic,
      ranges,
      starts,
      maxBytes: MAX_PAGE_BYTES,
      firstStep: FIRST_STEP,
      maxLook: MAX_LOOK,
      deadline: Date.now() + LOOK_MS,
    });
    const found = await search.find();
    return {
      messages: await search.messages(found),
      read: search.read,
      next: search.next(found),
      ends: new Map([...ranges].map(([number, { high }]) => [number, high])),
    };
  });
}

/**
 * Reads messages one by one, as fast as they are taken, each partition's in their sequence: from the start by default. With `follow`,
 * from the end, and it goes on with those that come, however long Kafka is away meanwhile.
 */
export async function* readMessages(
  config: Config,
  options: ReadOptions & { readonly follow: boolean },
): AsyncGenerator<PeekedMessage> {
  const { follow, matches, decoder, signal } = options;
  const topic = checkTopicName(options.topic);
  const kafka = await createKafka(config, options);
  const reader = await connectWithin(kafka.reader(), config, options);
  try {
    const ranges = await rangesOf(reader, options);
    const starts = await startsOf(reader, {
      ...options,
      back: follow,
      topic,
      ranges,
    });
    const spans = new Map([...ranges].map(([partition, { high }]) => [
      partition,
      {
        from: starts.get(partition) ?? high,
        to: follow ? undefined : high,
      },
    ]));
    const reading = reader.read(topic, {
      spans,
      signal,
      ...(follow && { outageMs: Infinity }),
    });
    for await (const read of reading) {
      const message = await decoder.peeked(topic, read);
      if (!matches || matches(message)) yield message;
    }
  } catch (error) {
    throw explainKafkaError(error, { config, action: `Reading ${topic}` });
  } finally {
    await reader.disconnect().catch(() => {});
  }
}

async function startsOf(
  reader: TopicReader,
  { topic, from, places, back, ranges }:
    & Pick<PageOptions, "topic" | "from" | "places" | "back">
    & { readonly ranges: ReadonlyMap<number, OffsetRange> },
): Promise<Places> {
  if (!places) {
    return await resolveTarget(reader, {
      topic,
      target: from ?? { kind: back ? "latest" : "earliest" },
      ranges,
      shiftsFrom: (partition) => ranges.get(partition)?.high,
    });
  }
  return new Map([...ranges].map(([partition, { low, high }]) => {
    const place = places.get(partition) ?? (back ? high : low);
    return [partition, place < low ? low : place > high ? high : place];
  }));
}
