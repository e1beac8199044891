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
import type {
  PartitionMessage,
  Span,
  TopicReader,
} from "../kafka/topic_reader.ts";
import { checkTopicName } from "../kafka/topic.ts";
import type { Config } from "../settings/config.ts";
import { type OffsetTarget, rangesOf, resolveTarget } from "./offset_target.ts";
import type { MessageDecoder, PeekedMessage } from "./peeked_message.ts";

/** Offsets by partition. */
export type Places = ReadonlyMap<number, bigint>;

/** Which messages to read. */
export interface ReadOptions extends KafkaOptions, WaitOptions {
  /** The topic. */
  readonly topic: string;
  /** The partition; all of them by default. */
  readonly partition?: number | undefined;
  /** Where to begin; see there for the default. */
  readonly from?: OffsetTarget | undefined;
  /** Where to begin, by partition, in place of `from`: where an earlier page ended. */
  readonly places?: Places | undefined;
  /** Which messages to show; all by default. */
  readonly matches?: ((message: PeekedMessage) => boolean) | undefined;
  /** Reads the messages' values. */
  readonly decoder: MessageDecoder;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/** Which page to read. */
export interface PageOptions extends ReadOptions {
  /** Whether to go back from there, or from the end if no place is given. */
  readonly back: boolean;
  /** How many messages it has at most. */
  readonly limit: number;
}

/** A page of messages. */
export interface MessagePage {
  /** The messages, in the sequence in which they were looked for: those of a partition by offset, the partitions merged by time. */
  readonly messages: readonly PeekedMessage[];
  /** How many messages were read to find them. */
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

/**
 * Reads a page.
 *
 * @param config Where Kafka is.
 * @param options Which page. It begins at the end if it goes back, and else at the start, unless `from` or `places` is set.
 * @throws {PipelineError} If there is no such topic or partition, or Kafka can't be reached.
 */
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
    const finder = new Finder(reader, { ...options, topic, ranges, starts });
    await finder.find();
    return await finder.page();
  });
}

/**
 * Reads messages one by one, as fast as they are taken, each partition's in their sequence.
 *
 * @param config Where Kafka is.
 * @param options Which messages: from the start by default. With `follow`, from the end, and it goes on with those that come.
 * @throws {PipelineError} If there is no such topic or partition, or Kafka can't be reached.
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
    for await (const read of reader.read(topic, { spans, signal })) {
      const message = await decoder.peeked(topic, read);
      if (!matches || matches(message)) yield message;
    }
  } catch (error) {
    throw explainKafkaError(error, { config, action: `Reading ${topic}` });
  } finally {
    await reader.disconnect().catch(() => {});
  }
}

type Ranges = ReadonlyMap<number, OffsetRange>;

/** Finds where reading begins in each partition. */
async function startsOf(
  reader: TopicReader,
  { topic, from, places, back, ranges }:
    & Pick<PageOptions, "topic" | "from" | "places" | "back">
    & { readonly ranges: Ranges },
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

/** A message that was found, without its content: all of them may be too large to be kept. */
interface Found {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: number;
  readonly size: number;
}

/** What was found in a partition, the next one first. */
interface Search {
  readonly low: bigint;
  readonly high: bigint;
  readonly start: bigint;
  /** How far it was looked. */
  edge: bigint;
  found: Found[];
  bytes: number;
}

/** Looks for the messages of a page. */
class Finder {
  readonly #reader: TopicReader;
  readonly #options: PageOptions;
  readonly #searches: ReadonlyMap<number, Search>;
  #read = 0;

  constructor(
    reader: TopicReader,
    options: PageOptions & { readonly ranges: Ranges; readonly starts: Places },
  ) {
    this.#reader = reader;
    this.#options = options;
    const { ranges, starts, back } = options;
    this.#searches = new Map([...ranges].map(([partition, { low, high }]) => {
      const start = starts.get(partition) ?? (back ? high : low);
      const edge = start;
      return [partition, { low, high, start, edge, found: [], bytes: 0 }];
    }));
  }

  /** Looks in steps, until each partition has as many as the page can take, or nothing more. */
  async find(): Promise<void> {
    const { topic, back, limit, signal } = this.#options;
    const deadline = Date.now() + LOOK_MS;
    for (let step = FIRST_STEP; Date.now() < deadline; step *= 2n) {
      const spans = new Map<number, Span>();
      for (const [partition, search] of this.#searches) {
        const { low, high, start, edge, found, bytes } = search;
        const looked = back ? start - edge : edge - start;
        const length = looked + step > MAX_LOOK ? MAX_LOOK - looked : step;
        if (found.length >= limit || bytes >= MAX_PAGE_BYTES) continue;
        const from = !back ? edge : edge - length > low ? edge - length : low;
        const to = back ? edge : edge + length < high ? edge + length : high;
        if (from < to) spans.set(partition, { from, to });
      }
      if (spans.size === 0 || signal?.aborted) return;
      const older = new Map<number, Found[]>();
      for await (const read of this.#reader.read(topic, { spans, signal })) {
        const found = await this.#test(read);
        if (!found) continue;
        const { partition } = found;
        older.getOrInsert(partition, []).push(found);
      }
      for (const [partition, { from, to }] of spans) {
        const search = this.#searches.get(partition) as Search;
        const found = older.get(partition) ?? [];
        search.edge = back ? from : to as bigint;
        search.found.push(...back ? found.reverse() : found);
        for (const { size } of found) search.bytes += size;
      }
    }
  }

  /** Reads the messages of the page. */
  async page(): Promise<MessagePage> {
    const { topic, back, decoder, signal } = this.#options;
    const taken = this.#take();
    const wanted = Map.groupBy(taken, ({ partition }) => partition);
    const spans = new Map<number, Span>();
    for (const [partition, list] of wanted) {
      const offsets = list.map(({ offset }) => offset);
      const [first = 0n, last = first] = [offsets[0], offsets.at(-1)];
      const [from, end] = back ? [last, first] : [first, last];
      spans.set(partition, { from, to: end + 1n });
    }
    const messages = new Map<string, PeekedMessage>();
    const names = new Set(taken.map(nameOf));
    for await (const read of this.#reader.read(topic, { spans, signal })) {
      const name = nameOf({
        partition: read.partition,
        offset: BigInt(read.message.offset),
      });
      if (!names.has(name)) continue;
      messages.set(name, await decoder.peeked(topic, read));
    }
    return {
      messages: taken.map((found) => messages.get(nameOf(found)))
        .filter((message) => message !== undefined),
      read: this.#read,
      next: this.#next(wanted),
      ends: new Map(
        [...this.#searches].map(([partition, { high }]) => [partition, high]),
      ),
    };
  }

  async #test(read: PartitionMessage): Promise<Found | undefined> {
    const { topic, matches, decoder } = this.#options;
    this.#read++;
    if (matches && !matches(await decoder.peeked(topic, read))) {
      return undefined;
    }
    const { partition, message: { offset, timestamp, value } } = read;
    const size = value?.length ?? 0;
    return { partition, offset: BigInt(offset), timestamp, size };
  }

  /** Merges the partitions by time, and takes as many as the page can have. */
  #take(): Found[] {
    const { back, limit } = this.#options;
    const queues = [...this.#searches.values()]
      .map(({ found }) => ({ found, at: 0 }));
    const taken: Found[] = [];
    let bytes = 0;
    while (taken.length < limit) {
      let first: { readonly found: readonly Found[]; at: number } | undefined;
      let best: Found | undefined;
      for (const queue of queues) {
        const head = queue.found[queue.at];
        const isFirst = head && (!best ||
          (back
            ? head.timestamp > best.timestamp
            : head.timestamp < best.timestamp));
        if (isFirst) [first, best] = [queue, head];
      }
      if (!first || !best) break;
      bytes += best.size;
      if (taken.length > 0 && bytes > MAX_PAGE_BYTES) break;
      taken.push(best);
      first.at++;
    }
    return taken;
  }

  /** Finds where the next page begins. */
  #next(
    taken: ReadonlyMap<number, readonly Found[]>,
  ): Places | undefined {
    const { back } = this.#options;
    let hasMore = false;
    const next = new Map<number, bigint>();
    for (const [partition, search] of this.#searches) {
      const { low, high, edge, found } = search;
      const left = found[taken.get(partition)?.length ?? 0];
      const place = !left ? edge : back ? left.offset + 1n : left.offset;
      next.set(partition, place);
      if (back ? place > low : place < high) hasMore = true;
    }
    return hasMore ? next : undefined;
  }
}

function nameOf(
  { partition, offset }: Pick<Found, "partition" | "offset">,
): string {
  return `${partition}/${offset}`;
}
