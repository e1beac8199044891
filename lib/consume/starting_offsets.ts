/**
 * Where a consumer group stands in each partition, and where it has to begin.
 *
 * kafkajs settles this by itself, in silence: an offset that retention has removed makes it jump (kafkajs issue 1119), and a group
 * that begins at the end begins there anew at each rebalance until it has committed something. So it is looked up here, and
 * held against what kafkajs fetches.
 *
 * @module
 */

import type { Admin } from "kafkajs";

/** A group's position in a partition. */
export interface StartingOffset {
  /** The offset of the first message to be read. */
  readonly offset: bigint;
  /** What the group has committed; nothing where it has no offset yet. */
  readonly committed: bigint | undefined;
  /** The first offset that is still there. */
  readonly low: bigint;
  /** The offset after the last message. */
  readonly high: bigint;
}

/** Whose position, and where. */
export interface StartingOffsetQuery {
  /** The topic. */
  readonly topic: string;
  /** The consumer group. */
  readonly group: string;
  /** Where to begin when the group has no offset that is still there. Equals `auto.offset.reset`. */
  readonly from: "earliest" | "latest";
  /**
   * Whether the group had no offset in any partition when this member came. Otherwise a partition without one was added to the
   * topic, and the group wants all of it.
   */
  readonly isNewGroup: boolean;
}

/**
 * Looks up where a group has to begin in each partition of a topic.
 *
 * @param admin A connected admin client.
 * @param query Whose position, and where.
 * @returns The position for each partition's number.
 */
export async function startingOffsets(
  admin: Admin,
  query: StartingOffsetQuery,
): Promise<Map<number, StartingOffset>> {
  const { topic, group, from, isNewGroup } = query;
  const [ranges, groupOffsets] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId: group, topics: [topic] }),
  ]);
  const committedOffsets = new Map(
    groupOffsets[0]?.partitions.map((
      { partition, offset },
    ) => [partition, BigInt(offset)]),
  );
  return new Map(ranges.map((range) => {
    const low = BigInt(range.low);
    const high = BigInt(range.high);
    const found = committedOffsets.get(range.partition) ?? -1n;
    const committed = found < 0n ? undefined : found;
    const usable = committed !== undefined && committed >= low &&
      committed <= high;
    const fromStart = from === "earliest" ||
      committed === undefined && !isNewGroup;
    const offset = usable ? committed : fromStart ? low : high;
    return [range.partition, { offset, committed, low, high }];
  }));
}

/**
 * Says which messages a group will never see, where its offset is not there any more.
 *
 * @param topic The topic.
 * @param partition The partition's number.
 * @param start The group's position.
 * @returns A sentence; nothing where all is well.
 */
export function describeLostOffsets(
  topic: string,
  partition: number,
  start: StartingOffset,
): string | undefined {
  const { committed, low, high, offset } = start;
  if (committed === undefined) return undefined;
  if (committed < low && offset > low) {
    return `Offsets ${committed} to ${
      low - 1n
    } of ${topic} [${partition}] are gone: ` +
      "the topic's retention has removed them before this group read them. " +
      `The group begins at the end, and passes over offsets ${low} to ${
        offset - 1n
      } too. Going on at ${offset}.`;
  }
  if (committed < low) return describeGap(topic, partition, committed, offset);
  if (committed > high) {
    return `The group's offset ${committed} lies behind the end of ${topic} [${partition}] (${high}): ` +
      `the topic was made anew, or the broker has lost its end. Going on at ${offset}.`;
  }
  return undefined;
}

/**
 * Says which messages are gone between two offsets.
 *
 * @param topic The topic.
 * @param partition The partition's number.
 * @param from The first offset that is gone.
 * @param to The offset at which reading goes on.
 * @returns A sentence.
 */
export function describeGap(
  topic: string,
  partition: number,
  from: bigint,
  to: bigint,
): string {
  return `Offsets ${from} to ${to - 1n} of ${topic} [${partition}] are gone: ` +
    `the topic's retention has removed them before this group read them. Going on at ${to}.`;
}
