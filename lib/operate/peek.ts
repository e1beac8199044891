/**
 * A topic's messages, looked at from outside: no group is joined and nothing is committed.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import type { WaitOptions } from "../base/retry.ts";
import {
  type DeadLetterInfo,
  readDeadLetter,
} from "../consume/dead_letters/dead_letter.ts";
import type { Header, Position } from "../events/record.ts";
import {
  parsePayload,
  SCHEMA_ID_HEADER,
  type SchemaId,
  unframe,
} from "../events/wire_format.ts";
import type { OffsetRange } from "../kafka/admin.ts";
import { type KafkaOptions, useClient } from "../kafka/client.ts";
import { describeDamage, type Message } from "../kafka/message.ts";
import type {
  PartitionMessage,
  Span,
  TopicReader,
} from "../kafka/topic_reader.ts";
import { checkTopicName } from "../kafka/topic.ts";
import { EventRegistry } from "../registry/registry.ts";
import type { Config } from "../settings/config.ts";
import { type OffsetTarget, rangesOf, resolveTarget } from "./offset_target.ts";

/** What a message's value is. */
export type Decoded =
  | {
    /** The event. */
    readonly event: unknown;
    /** The schema that its writer named. */
    readonly schemaId: SchemaId;
  }
  | {
    /** Why the value is not an event; undefined if there is no value. */
    readonly problem: string | undefined;
  };

/** A message that was looked at. */
export interface PeekedMessage extends Position {
  /** The message's timestamp, in milliseconds since the epoch; -1 if it has none. */
  readonly timestamp: number;
  /** The key in bytes. */
  readonly key: Uint8Array | null;
  /** The value in bytes. */
  readonly value: Uint8Array | null;
  /** The headers, in their sequence. */
  readonly headers: readonly Header[];
  /** What the value is. */
  readonly decoded: Decoded;
  /** Where the message comes from and why it is here, if it is a dead letter. */
  readonly letter: DeadLetterInfo | undefined;
}

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
/** How long the registry may take to be reached, in milliseconds: without it, values are shown as they are. */
const REGISTRY_TIMEOUT_MS = 3_000;

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
  const values = new ValueReader(config);
  return await useClient(config, {
    ...options,
    make: (kafka) => kafka.reader(),
  }, async ({ client: reader, untilAnswered }) => {
    const ranges = await untilAnswered(() => rangesOf(reader, options));
    const peeker = new Peeker(reader, { ...options, topic, values });
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
  readonly #options: PeekOptions & { readonly values: ValueReader };
  readonly #looked = new Map<number, OffsetRange>();
  #read = 0;
  #shown = 0;
  #hasMore = false;

  constructor(
    reader: TopicReader,
    options: PeekOptions & { readonly values: ValueReader },
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

  async #peeked(
    { partition, message }: PartitionMessage,
  ): Promise<PeekedMessage> {
    const { topic, values } = this.#options;
    return {
      topic,
      partition,
      offset: message.offset,
      timestamp: message.timestamp,
      key: message.key,
      value: message.value,
      headers: message.headers,
      decoded: await values.read(message, { topic, partition }),
      letter: letterOf(message),
    };
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

function letterOf({ headers }: Message): DeadLetterInfo | undefined {
  const letter = readDeadLetter(headers);
  return letter.origin && letter;
}

/** Reads values by the schemas that their writers named. Without the registry, they stay what they are. */
class ValueReader {
  readonly #config: Config;
  #registry: Promise<EventRegistry> | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  async read(
    message: Message,
    place: { readonly topic: string; readonly partition: number },
  ): Promise<Decoded> {
    const { value, headers } = message;
    if (message.damaged) return { problem: describeDamage(message, place) };
    if (value === null) return { problem: undefined };
    try {
      const [, header] = headers.findLast(([name]) =>
        name === SCHEMA_ID_HEADER
      ) ?? [];
      const { schemaId, payload } = unframe(value, header);
      this.#registry ??= EventRegistry.connect(this.#config, {
        timeoutMs: REGISTRY_TIMEOUT_MS,
      });
      const registry = await this.#registry;
      const schema = await registry.writerSchema(schemaId);
      const event = parsePayload(payload);
      schema.check(event, payload.length);
      return { event, schemaId };
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return { problem: error.message };
    }
  }
}
