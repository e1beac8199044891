/**
 * Finding a topic's messages from a place on, forwards or backwards: no group is joined and nothing is committed.
 *
 * @module
 */

import type { OffsetRange } from "../kafka/admin.ts";
import type {
  PartitionMessage,
  Span,
  TopicReader,
} from "../kafka/topic_reader.ts";
import type { MessageDecoder, PeekedMessage } from "./peeked_message.ts";

/** Offsets by partition. */
export type Places = ReadonlyMap<number, bigint>;

/** Which messages to find. */
export interface SearchOptions {
  readonly topic: string;
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  readonly starts: Places;
  readonly back: boolean;
  readonly limit: number;
  /** How long their values may be together, in bytes; a longer one is taken alone. */
  readonly maxBytes: number;
  /** How many offsets of a partition are read first. The number doubles from step to step. */
  readonly firstStep: bigint;
  readonly maxLook: bigint;
  /** When no further step begins, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly matches?: ((message: PeekedMessage) => boolean) | undefined;
  readonly decoder: MessageDecoder;
  readonly signal?: AbortSignal | undefined;
}

/** A message that was found, without its content: all of them may be too large to be kept. */
export interface Found {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: number;
  /** How long its value is, in bytes. */
  readonly size: number;
}

/** What was found in a partition, the next one first. */
interface Search extends OffsetRange {
  readonly start: bigint;
  /** How far it was looked. */
  edge: bigint;
  found: Found[];
  bytes: number;
}

/** Looks for messages. */
export class MessageSearch {
  readonly #reader: TopicReader;
  readonly #options: SearchOptions;
  readonly #searches: ReadonlyMap<number, Search>;
  read = 0;

  constructor(reader: TopicReader, options: SearchOptions) {
    this.#reader = reader;
    this.#options = options;
    const { ranges, starts, back } = options;
    this.#searches = new Map([...ranges].map(([partition, { low, high }]) => {
      const start = starts.get(partition) ?? (back ? high : low);
      const edge = start;
      return [partition, { low, high, start, edge, found: [], bytes: 0 }];
    }));
  }

  /** Looks in steps, until each partition has as many as can be taken, or nothing more. Those found are merged by time. */
  async find(): Promise<Found[]> {
    const { topic, back, limit, signal } = this.#options;
    const { firstStep, maxLook, maxBytes, deadline } = this.#options;
    for (let step = firstStep; Date.now() < deadline; step *= 2n) {
      const spans = new Map<number, Span>();
      for (const [partition, search] of this.#searches) {
        const { low, high, start, edge, found, bytes } = search;
        const looked = back ? start - edge : edge - start;
        const length = looked + step > maxLook ? maxLook - looked : step;
        if (found.length >= limit || bytes >= maxBytes) continue;
        const from = !back ? edge : edge - length > low ? edge - length : low;
        const to = back ? edge : edge + length < high ? edge + length : high;
        if (from < to) spans.set(partition, { from, to });
      }
      if (spans.size === 0 || signal?.aborted) break;
      const older = new Map<number, Found[]>();
      for await (const read of this.#reader.read(topic, { spans, signal })) {
        const found = await this.#test(read);
        if (found) older.getOrInsert(found.partition, []).push(found);
      }
      for (const [partition, { from, to }] of spans) {
        const search = this.#searches.get(partition) as Search;
        const found = older.get(partition) ?? [];
        search.edge = back ? from : to as bigint;
        search.found = search.found.concat(back ? found.reverse() : found);
        for (const { size } of found) search.bytes += size;
      }
    }
    return this.#take();
  }

  async #test(read: PartitionMessage): Promise<Found | undefined> {
    const { topic, matches, decoder } = this.#options;
    this.read++;
    if (matches && !matches(await decoder.peeked(topic, read))) {
      return undefined;
    }
    const { partition, message: { offset, timestamp, value } } = read;
    const size = value?.length ?? 0;
    return { partition, offset: BigInt(offset), timestamp, size };
  }

  #take(): Found[] {
    const { back, limit, maxBytes } = this.#options;
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
      if (taken.length > 0 && bytes > maxBytes) break;
      taken.push(best);
      first.at++;
    }
    return taken;
  }

  /** Reads messages that were found, in the sequence in which they are given. */
  async messages(found: readonly Found[]): Promise<PeekedMessage[]> {
    const { topic, decoder, signal } = this.#options;
    const spans = new Map<number, Span>();
    for (const { partition, offset } of found) {
      const { from, to } = spans.get(partition) ?? { from: offset, to: 0n };
      spans.set(partition, {
        from: offset < from ? offset : from,
        to: offset < (to as bigint) ? to : offset + 1n,
      });
    }
    const messages = new Map(
      found.map((one) => [nameOf(one), undefined as PeekedMessage | undefined]),
    );
    for await (const read of this.#reader.read(topic, { spans, signal })) {
      const { partition, message: { offset } } = read;
      const name = nameOf({ partition, offset });
      if (!messages.has(name)) continue;
      messages.set(name, await decoder.peeked(topic, read));
    }
    return [...messages.values()].filter((message) => message !== undefined);
  }

  /** Which offsets were looked at. */
  get looked(): Map<number, OffsetRange> {
    return new Map([...this.#searches].map(([partition, { start, edge }]) => [
      partition,
      start < edge ? { low: start, high: edge } : { low: edge, high: start },
    ]));
  }

  /** Finds where a next search begins behind what was taken; undefined if there is nothing more. */
  next(taken: readonly Found[]): Places | undefined {
    const { back } = this.#options;
    let hasMore = false;
    const next = new Map<number, bigint>();
    for (const [partition, search] of this.#searches) {
      const { low, high, edge, found } = search;
      const left = found[
        taken.filter((one) => one.partition === partition)
          .length
      ];
      const place = !left ? edge : back ? left.offset + 1n : left.offset;
      next.set(partition, place);
      if (back ? place > low : place < high) hasMore = true;
    }
    return hasMore ? next : undefined;
  }
}

function nameOf(
  { partition, offset }: {
    readonly partition: number;
    readonly offset: bigint | string;
  },
): string {
  return `${partition}/${offset}`;
}
