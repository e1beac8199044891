/**
 * A topic's messages, looked at from outside: no group is joined and nothing is committed.
 *
 * @module
 */

import type { OffsetRange } from "../kafka/admin.ts";
import { useClient } from "../kafka/client.ts";
import type { Span } from "../kafka/topic_reader.ts";
import { checkTopicName } from "../kafka/topic.ts";
import type { Config } from "../settings/config.ts";
import type { ReadOptions } from "./message_page.ts";
import { type Found, MessageSearch } from "./message_search.ts";
import { rangesOf, resolveTarget } from "./offset_target.ts";
import { MessageDecoder, type PeekedMessage } from "./peeked_message.ts";

/** Which messages to show. */
export interface PeekOptions extends Omit<ReadOptions, "places" | "decoder"> {
  /** How many of the newest messages to show, if `from` is not given. By default: `10`. */
  readonly last?: number | undefined;
  readonly follow?: boolean;
}

/** How far it was looked. */
export interface PeekSummary {
  readonly shown: number;
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
/** How long the values are together that are kept before they are shown, in bytes. A longer one is kept alone. */
const MAX_KEPT_BYTES = 4 * 2 ** 20;

/**
 * Shows a topic's messages.
 *
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
    const { from, last = DEFAULT_LAST, follow, matches, signal } = options;
    let looked = new Map<number, OffsetRange>();
    let [read, shown, hasMore] = [0, 0, false];
    const show = async (message: PeekedMessage) => {
      shown++;
      await onMessage(message);
    };
    const shiftsBack = from?.kind === "shift" && from.by < 0n;
    const starts = from && await resolveTarget(reader, {
      topic,
      target: from,
      ranges,
      shiftsFrom: (partition) =>
        ranges.get(partition)?.[shiftsBack ? "high" : "low"],
    });
    if (!starts) {
      const search = new MessageSearch(reader, {
        ...options,
        topic,
        ranges,
        decoder,
        starts: new Map(),
        back: true,
        limit: last,
        maxBytes: Infinity,
        firstStep: BigInt(matches ? Math.max(last, FIRST_LOOK_BACK) : last),
        maxLook: BigInt(Math.max(last, MAX_LOOK_BACK)),
        deadline: Infinity,
      });
      const newest = await search.find();
      for (const found of portions(newest.toReversed())) {
        for (const message of await search.messages(found)) await show(message);
      }
      read = search.read;
      looked = search.looked;
      hasMore = newest.length < last && search.next(newest) !== undefined;
    }
    const spans = new Map<number, Span>();
    for (const [partition, { high }] of ranges) {
      const low = starts?.get(partition) ?? high;
      if (starts) looked.set(partition, { low, high });
      spans.set(partition, { from: low, to: follow ? undefined : high });
    }
    for await (const each of reader.read(topic, { spans, signal })) {
      read++;
      const message = await decoder.peeked(topic, each);
      const offset = BigInt(message.offset);
      const { low, high } = looked.get(each.partition) ??
        { low: offset, high: offset };
      looked.set(each.partition, {
        low,
        high: offset < high ? high : offset + 1n,
      });
      if (!matches || matches(message)) await show(message);
    }
    return { shown, read, looked, hasMore };
  });
}

/** Divides messages into portions that are kept together. */
function* portions(found: readonly Found[]): Generator<Found[]> {
  let portion: Found[] = [];
  let bytes = 0;
  for (const each of found) {
    bytes += each.size;
    if (portion.length > 0 && bytes > MAX_KEPT_BYTES) {
      yield portion;
      [portion, bytes] = [[], each.size];
    }
    portion.push(each);
  }
  if (portion.length > 0) yield portion;
}
