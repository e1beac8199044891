/**
 * Places in a partition that people name: the start, the end, an offset, a time, some messages further or back.
 *
 * @module
 */

import { parseIsoTime } from "../base/iso_time.ts";

/** A place in a partition. */
export type OffsetTarget =
  | { readonly kind: "earliest" | "latest" }
  | { readonly kind: "offset"; readonly offset: bigint }
  | { readonly kind: "time"; readonly timeMs: number }
  | { readonly kind: "shift"; readonly by: bigint };

/**
 * Reads a place.
 *
 * @param text `earliest`, `latest`, an offset, a time in ISO 8601, `+N` or `-N`.
 * @returns The place; undefined if it is none of them. A time without a zone is in the machine's.
 */
export function parseOffsetTarget(text: string): OffsetTarget | undefined {
  if (text === "earliest" || text === "latest") return { kind: text };
  if (/^\d{1,19}$/.test(text)) return { kind: "offset", offset: BigInt(text) };
  if (/^[+-]\d{1,19}$/.test(text)) {
    return { kind: "shift", by: BigInt(text) };
  }
  const timeMs = parseIsoTime(text);
  return timeMs === undefined ? undefined : { kind: "time", timeMs };
}

/** Returns the offset nearest to another at which reading can begin. */
export function clampOffset(
  offset: bigint,
  range: { readonly low: bigint; readonly high: bigint },
): bigint {
  if (offset < range.low) return range.low;
  return offset > range.high ? range.high : offset;
}
