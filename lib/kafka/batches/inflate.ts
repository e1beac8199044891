/**
 * Kafka's compression codecs by their numbers.
 *
 * @module
 */

import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { DamagedDataError, InflateLimitError } from "./damage.ts";
import { inflateLz4 } from "./lz4.ts";
import { inflateSnappy } from "./snappy.ts";

/** The codecs by their numbers, as record batches have them in the last three bits of their attributes; 0 is none. */
const CODECS: Readonly<
  Record<
    number,
    {
      readonly name: string;
      readonly inflate: (data: Uint8Array, limitBytes: number) => Uint8Array;
    }
  >
> = {
  1: { name: "gzip", inflate: byZlib("gzip", gunzipSync) },
  2: { name: "snappy", inflate: inflateSnappy },
  3: { name: "lz4", inflate: inflateLz4 },
  // It accepts truncated data, and reads one frame alone (Deno 2.9.6): the batch's checksum and the count of its records find what is
  // missing.
  4: { name: "zstd", inflate: byZlib("zstd", zstdDecompressSync) },
};

function byZlib(
  name: string,
  decompress: (
    data: Uint8Array,
    options: { readonly maxOutputLength: number },
  ) => Uint8Array,
) {
  return (data: Uint8Array, maxOutputLength: number): Uint8Array => {
    try {
      return decompress(data, { maxOutputLength });
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string };
      throw code === "ERR_BUFFER_TOO_LARGE"
        ? new InflateLimitError(maxOutputLength)
        : new DamagedDataError(`its ${name} stream is damaged (${message})`);
    }
  };
}

/** Names a codec as Kafka does; by its number if Kafka has no name for it. */
export function codecName(codec: number): string {
  return codec === 0 ? "none" : CODECS[codec]?.name ?? `codec ${codec}`;
}

/**
 * Inflates data.
 *
 * @throws {DamagedDataError} If the data isn't whole and sound, or the codec isn't known.
 * @throws {InflateLimitError} If it inflates to more than the limit.
 */
export function inflate(
  data: Uint8Array,
  options: { readonly codec: number; readonly limitBytes: number },
): Uint8Array {
  const codec = CODECS[options.codec];
  if (!codec) throw new DamagedDataError("Kafka has no such codec");
  return codec.inflate(data, options.limitBytes);
}
