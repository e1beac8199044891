/**
 * A topic's messages, looked at from outside: no group is joined and nothing is committed.
 *
 * @module
 */

import type { WaitOptions } from "../base/retry.ts";
import type { OffsetRange } from "../kafka/admin.ts";
import { type KafkaOptions, useClient } from "../kafka/client.ts";
import type {
  PartitionMessage,
  Span,
  TopicReader,
} from "../kafka/topic_reader.ts";
import { checkTopicName } from "../kafka/topic.ts";
import type { Config } from "../settings/config.ts";
import { type OffsetTarget, rangesOf, resolveTarget } from "./offset_target.ts";
import { MessageDecoder, type PeekedMessage } from "./peeked_message.ts";

/** Which messages to show. */
export interface PeekOptions extends KafkaOptions, WaitOptions {
  /** The topic. */
  readonly topic: string;
  /** The partition; all of them by default. */
  readonly partition?: number | undefined;
  /**
   * How many of the newest messages to show, if `from` is not given.
   *
   * @default {10}
   */
  readonly last?: number | undefined;
  /** Where to begin; everything from there on is shown. */
  readonly from?: OffsetTarget | undefined;
  /** Which messages to show; all by default. */
  readonly matches?: ((message: PeekedMessage) => boolean) | undefined;
  /** Whether to go on with the messages that come. */
  readonly follow?: boolean;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** How far it was looked. */
export interface PeekSummary {
  /** How many messages were shown. */
  readonly shown: number;
  /** How many were read. */
  readonly read: number;
  /** Which offsets were looked at, by partition: from the first one to the one after the last. */
  readonly looked: ReadonlyMap<number, OffsetRange>;
  /** Whether there are older messages that were not looked at, though fewer matched than were wanted. */
  readonly hasMore: boolean;
}

const DEFAULT_LAST = 10;
/** How far back messages that match are looked for, in offsets of a partition. */
export const MAX_LOOK_BACK = 10_000;
/** How many offsets of a partition are read first where only some messages match. */
const FIRST_LOOK_BACK = 200;

/**
 * Shows a topic's messages.
 *
 * @param onMessage Called for each message that matches.
 * @returns How far it was looked.
 * @throws {PipelineError} If there is no such topic or partition, or Kafka can't be reached.
 */
export async function peek(
  config: Config,
  onMessage: (message: PeekedMessage) => void | Promise<void>,
  options: PeekOptions,
): Promise<PeekSummary> {
  const topic = checkTopicName(options.topic);
  const decoder = MessageDecoder.of(config);
  return await useClient(config, {
    ...options,
    make: (kafka) => kafka.reader(),
  }, async ({ client: reader, untilAnswered }) => {
    const ranges = await untilAnswered(() => rangesOf(reader, options));
    const peeker = new Peeker(reader, { ...options, topic, decoder });
    const { from, last = DEFAULT_LAST } = options;
    if (from) {
      const shiftsBack = from.kind === "shift" && from.by < 0n;
      const places = await resolveTarget(reader, {
        topic,
        target: from,
        ranges,
        shiftsFrom: (partition) =>
          ranges.get(partition)?.[shiftsBack ? "high" : "low"],
      });
      for (const [partition, { high }] of ranges) {
        ranges.set(partition, { low: places.get(partition) ?? high, high });
      }
      await peeker.readOn(ranges, onMessage);
    } else {
      await peeker.readLast(ranges, last, onMessage);
    }
    if (options.follow) {
      const ends = [...ranges].map((
        [partition, { high }],
      ) => [partition, { from: high, to: undefined }] as const);
      await peeker.read(new Map(ends), onMessage);
    }
    return peeker.summary;
  });
}

/** A message that is to be shown. */
interface Found {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: number;
}

type Handler = (message: PeekedMessage) => void | Promise<void>;

/** Reads messages, and counts what it looked at. */
class Peeker {
  readonly #reader: TopicReader;
  readonly #options: PeekOptions & { readonly decoder: MessageDecoder };
  readonly #looked = new Map<number, OffsetRange>();
  #read = 0;
  #shown = 0;
  #hasMore = false;

  constructor(
    reader: TopicReader,
    options: PeekOptions & { readonly decoder: MessageDecoder },
  ) {
    this.#reader = reader;
    this.#options = options;
  }

  get summary(): PeekSummary {
    return {
      shown: this.#shown,
      read: this.#read,
      looked: this.#looked,
      hasMore: this.#hasMore,
    };
  }

  /** Reads spans, and hands on what matches. */
  async read(
    spans: ReadonlyMap<number, Span>,
    onMatch: Handler,
  ): Promise<void> {
    const { topic, matches, signal } = this.#options;
    for await (const read of this.#reader.read(topic, { spans, signal })) {
      this.#read++;
      const peeked = await this.#peeked(read);
      this.#look(peeked.partition, BigInt(peeked.offset));
      if (matches && !matches(peeked)) continue;
      this.#shown++;
      await onMatch(peeked);
    }
  }

  /** Reads everything that is there now. */
  async readOn(
    ranges: ReadonlyMap<number, OffsetRange>,
    onMessage: Handler,
  ): Promise<void> {
    for (const [partition, range] of ranges) this.#looked.set(partition, range);
    const spans = [...ranges].map((
      [partition, { low, high }],
    ) => [partition, { from: low, to: high }] as const);
    await this.read(new Map(spans), onMessage);
  }

  /**
   * Finds the newest messages: those of the last offsets, and, where too few of them match or exist, of twice as many before
   * these, and so on.
   */
  async readLast(
    ranges: ReadonlyMap<number, OffsetRange>,
    last: number,
    onMessage: Handler,
  ): Promise<void> {
    const { matches, signal } = this.#options;
    const found = new Map<number, Found[]>();
    let step = BigInt(matches ? Math.max(last, FIRST_LOOK_BACK) : last);
    const limit = BigInt(Math.max(last, MAX_LOOK_BACK));
    const spanOf = (
      [partition, { low, high }]: readonly [number, OffsetRange],
    ): [number, Span] | undefined => {
      const to = this.#looked.get(partition)?.low ?? high;
      const end = high - limit > low ? high - limit : low;
      const from = to - step > end ? to - step : end;
      const isEnough = (found.get(partition)?.length ?? 0) >= last;
      return isEnough || from >= to ? undefined : [partition, { from, to }];
    };
    while (!signal?.aborted) {
      const spans = new Map(
        [...ranges].map(spanOf).filter((span) => span !== undefined),
      );
      if (spans.size === 0) break;
      const older = new Map<number, Found[]>();
      await this.read(spans, ({ partition, offset, timestamp }) => {
        const list = older.get(partition) ?? [];
        list.push({ partition, offset: BigInt(offset), timestamp });
        if (list.length > last) list.shift();
        older.set(partition, list);
      });
      for (const [partition, { from }] of spans) {
        const { high } = ranges.get(partition) ?? { high: from };
        this.#looked.set(partition, { low: from, high });
        const newer = found.get(partition) ?? [];
        found.set(
          partition,
          [...older.get(partition) ?? [], ...newer].slice(-last),
        );
      }
      step *= 2n;
    }
    const newest = [...found.values()].flat()
      .sort((a, b) => a.timestamp - b.timestamp)
      .slice(-last)
      .sort((a, b) => Number(a.offset - b.offset));
    this.#hasMore = newest.length < last &&
      [...ranges].some(([partition, { low }]) =>
        (this.#looked.get(partition)?.low ?? low) > low
      );
    this.#shown = 0;
    await this.#show(newest, onMessage);
  }

  /**
   * Reads messages again and shows them, each partition's in their sequence and the older one of two partitions first: to keep them
   * all since they were found would take memory without a limit.
   */
  async #show(newest: readonly Found[], onMessage: Handler): Promise<void> {
    const queues = Map.groupBy(newest, ({ partition }) => partition).values()
      .map((found) => this.#readFound(found)).toArray();
    const heads = new Map(
      await Promise.all(
        queues.map(async (queue) => [queue, await queue.next()] as const),
      ),
    );
    for (;;) {
      let first: PeekedMessage | undefined;
      let from: AsyncGenerator<PeekedMessage> | undefined;
      for (const [queue, { done, value }] of heads) {
        if (done || first && value.timestamp >= first.timestamp) continue;
        first = value;
        from = queue;
      }
      if (!first || !from) return;
      this.#shown++;
      await onMessage(first);
      heads.set(from, await from.next());
    }
  }

  /** Reads messages of one partition, of which there is at least one. */
  async *#readFound(found: readonly Found[]): AsyncGenerator<PeekedMessage> {
    const { topic, signal } = this.#options;
    const offsets = new Set(found.map(({ offset }) => offset));
    const [{ partition, offset: from }] = found as [Found];
    const to = (found.at(-1)?.offset ?? from) + 1n;
    const spans = new Map([[partition, { from, to }]]);
    for await (const read of this.#reader.read(topic, { spans, signal })) {
      if (!offsets.has(BigInt(read.message.offset))) continue;
      yield await this.#peeked(read);
    }
  }

  #peeked(read: PartitionMessage): Promise<PeekedMessage> {
    const { topic, decoder } = this.#options;
    return decoder.peeked(topic, read);
  }

  #look(partition: number, offset: bigint): void {
    const { low, high } = this.#looked.get(partition) ??
      { low: offset, high: offset };
    this.#looked.set(partition, {
      low,
      high: offset >= high ? offset + 1n : high,
    });
  }
}
