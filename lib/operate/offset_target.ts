/**
 * Places in a partition that people name: the start, the end, an offset, a time, some messages further or back.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import type { OffsetRange } from "../kafka/admin.ts";
import { type ClusterClient, requireLeaders } from "../kafka/cluster_client.ts";
import { missingTopic } from "../kafka/topic.ts";
import { parseIsoTime } from "../base/iso_time.ts";

/** A place in a partition. */
export type OffsetTarget =
  | { readonly kind: "earliest" | "latest" }
  | { readonly kind: "offset"; readonly offset: bigint }
  | { readonly kind: "time"; readonly timeMs: number }
  | { readonly kind: "shift"; readonly by: bigint };

/** Reads `earliest`, `latest`, an offset, a time in ISO 8601, `+N` or `-N`; undefined if it is none of them. */
export function parseOffsetTarget(text: string): OffsetTarget | undefined {
  if (text === "earliest" || text === "latest") return { kind: text };
  if (/^\d{1,19}$/.test(text)) return { kind: "offset", offset: BigInt(text) };
  if (/^[+-]\d{1,19}$/.test(text)) {
    return { kind: "shift", by: BigInt(text) };
  }
  const timeMs = parseIsoTime(text);
  return timeMs === undefined ? undefined : { kind: "time", timeMs };
}

/**
 * Finds the offsets of a topic's partitions, by number, or of one of them.
 *
 * @throws {PipelineError} If there is no such topic or partition, or one of these has no leader.
 */
export async function rangesOf(
  client: ClusterClient,
  wanted: { readonly topic: string; readonly partition?: number | undefined },
): Promise<Map<number, OffsetRange>> {
  const { topic, partition } = wanted;
  const ranges = await client.ranges(topic);
  if (!ranges) throw missingTopic(topic, await client.topicNames());
  if (partition === undefined) return requireLeaders(topic, ranges);
  if (ranges.has(partition)) {
    return requireLeaders(topic, new Map([[partition, ranges.get(partition)]]));
  }
  throw new PipelineError(
    `Topic '${topic}' has no partition ${partition}: it has ${ranges.size}`,
  );
}

/**
 * Finds the offset that a place has in each partition: one at which reading can begin.
 *
 * @param options The partitions, and the offset that a shift counts from; a partition without one is left out.
 */
export async function resolveTarget(
  client: ClusterClient,
  options: {
    readonly topic: string;
    readonly target: OffsetTarget;
    readonly ranges: ReadonlyMap<number, OffsetRange>;
    readonly shiftsFrom: (partition: number) => bigint | undefined;
  },
): Promise<Map<number, bigint>> {
  const { topic, target, ranges, shiftsFrom } = options;
  const atTime = target.kind === "time"
    ? await client.offsetsAt(topic, target.timeMs)
    : undefined;
  if (atTime) {
    // Without an offset there, its end would be taken.
    requireLeaders(
      topic,
      new Map([...ranges.keys()].map((number) => [number, atTime.get(number)])),
    );
  }
  const places = new Map<number, bigint>();
  for (const [partition, { low, high }] of ranges) {
    const offset = offsetIn({ low, high }, {
      target,
      atTime: atTime?.get(partition),
      shiftsFrom: shiftsFrom(partition),
    });
    if (offset !== undefined) places.set(partition, offset);
  }
  return places;
}

/** Finds the offset that a place has in a partition: the nearest at which reading can begin. */
export function offsetIn(
  { low, high }: OffsetRange,
  { target, atTime, shiftsFrom }: {
    readonly target: OffsetTarget;
    readonly atTime?: bigint | undefined;
    readonly shiftsFrom?: bigint | undefined;
  },
): bigint | undefined {
  switch (target.kind) {
    case "earliest":
      return low;
    case "latest":
      return high;
    case "offset":
      return clamp(target.offset);
    case "time":
      return clamp(atTime ?? high);
    case "shift":
      return shiftsFrom === undefined
        ? undefined
        : clamp(shiftsFrom + target.by);
  }
  function clamp(offset: bigint): bigint {
    return offset < low ? low : offset > high ? high : offset;
  }
}
