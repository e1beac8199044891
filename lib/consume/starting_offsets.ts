/**
 * Where a consumer group stands in each partition, and where it has to begin.
 *
 * kafkajs decides this by itself, without a word: if retention has removed the group's offset it jumps (kafkajs issue 1119), and a
 * group that begins at the end begins at the new end after each rebalance until it has committed something. So it is looked up
 * here, and compared with what kafkajs fetches.
 *
 * @module
 */

import type { Admin } from "../kafka/admin.ts";
import type { OffsetStore } from "./offset_store.ts";

/** A group's position in a partition. */
export interface StartingOffset {
  /** The offset of the first message to be read. */
  readonly offset: bigint;
  /** The group's offset; undefined if it has none yet. */
  readonly committed: bigint | undefined;
  /** The first offset that still exists. */
  readonly low: bigint;
  /** The offset after the last message. */
  readonly high: bigint;
}

/** Whose position to look up. */
export interface StartingOffsetQuery {
  readonly topic: string;
  readonly offsets: Pick<OffsetStore, "load">;
  /** Where to begin if the group has no offset that still exists. Equals `auto.offset.reset`. */
  readonly from: "earliest" | "latest";
  /**
   * Whether the group had no offset in any partition when this member came. If it had, a partition without one was added to the
   * topic later, and the group wants all of it.
   */
  readonly isNewGroup: boolean;
}

/** Looks up where a group has to begin in each partition of a topic. */
export async function startingOffsets(
  admin: Pick<Admin, "offsetRanges">,
  query: StartingOffsetQuery,
): Promise<Map<number, StartingOffset>> {
  const { topic, offsets, from, isNewGroup } = query;
  const ranges = await admin.offsetRanges(topic);
  const committedOffsets = await offsets.load([...ranges.keys()]);
  const starts = new Map<number, StartingOffset>();
  for (const [partition, { low, high }] of ranges) {
    const committed = committedOffsets.get(partition);
    const usable = committed !== undefined && committed >= low &&
      committed <= high;
    const fromStart = from === "earliest" ||
      committed === undefined && !isNewGroup;
    const offset = usable ? committed : fromStart ? low : high;
    starts.set(partition, { offset, committed, low, high });
  }
  return starts;
}

/** Describes which messages a group will never see because its offset no longer exists; undefined if nothing is lost. */
export function describeLostOffsets(
  place: { readonly topic: string; readonly partition: number },
  start: StartingOffset,
): string | undefined {
  const { committed, low, high, offset } = start;
  const { topic, partition } = place;
  if (committed === undefined) return undefined;
  if (committed < low && offset > low) {
    return `Offsets ${committed} to ${
      low - 1n
    } of ${topic} [${partition}] are gone: ` +
      "the topic's retention has removed them before this group read them. " +
      `The group begins at the end, and skips offsets ${low} to ${
        offset - 1n
      } too. Going on at ${offset}.`;
  }
  if (committed < low) {
    return describeGap(place, { from: committed, to: offset });
  }
  if (committed > high) {
    return `The group's offset ${committed} is after the end of ${topic} [${partition}] (${high}): ` +
      `the topic was deleted and created again, or the broker has lost its end. Going on at ${offset}.`;
  }
  return undefined;
}

/** Describes which messages are gone, from an offset to the one at which reading goes on. */
export function describeGap(
  place: { readonly topic: string; readonly partition: number },
  gap: { readonly from: bigint; readonly to: bigint },
): string {
  const { topic, partition } = place;
  const { from, to } = gap;
  return `Offsets ${from} to ${to - 1n} of ${topic} [${partition}] are gone: ` +
    `the topic's retention has removed them before this group read them. Going on at ${to}.`;
}
