/**
 * Kafka's compression codecs by their numbers.
 *
 * @module
 */

import { DamagedDataError } from "./damage.ts";

/** The names of the codecs by their numbers, as record batches carry them in the last three bits of their attributes. */
export const CODEC_NAMES: Readonly<Record<number, string>> = {
  1: "gzip",
  2: "snappy",
  3: "lz4",
  4: "zstd",
};

/** The lowest number: with 0 nothing is compressed. */
export const MIN_CODEC = 1;

/** The highest number that the three bits can hold. */
export const MAX_CODEC = 7;

/**
 * Inflates data. The codec is loaded when the first data of its kind comes.
 *
 * @param codec The codec's number.
 * @param data The compressed data.
 * @param limit How much it may inflate to, in bytes, 1 or more.
 * @returns The inflated data.
 * @throws {DamagedDataError} If the data isn't whole and sound, or the codec isn't known.
 * @throws {InflateLimitError} If it inflates to more than the limit.
 */
export async function inflate(
  codec: number,
  data: Uint8Array,
  limit: number,
): Promise<Uint8Array> {
  switch (CODEC_NAMES[codec]) {
    case "gzip":
      return (await import("./gzip.ts")).inflateGzip(data, limit);
    case "snappy":
      return (await import("./snappy.ts")).inflateSnappy(data, limit);
    case "lz4":
      return (await import("./lz4.ts")).inflateLz4(data, limit);
    case "zstd":
      return (await import("./zstd.ts")).inflateZstd(data, limit);
    default:
      throw new DamagedDataError("Kafka knows no such codec");
  }
}
