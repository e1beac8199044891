/**
 * Reads gzip and Zstandard with Deno's own readers.
 *
 * That of Zstandard accepts truncated data (Deno 2.9.6): the batch's checksum and the count of its records find it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { DamagedDataError, InflateLimitError } from "./damage.ts";

/** What the option `info` makes of a result. */
interface ZstdResult {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function explain(codec: string, limit: number, error: unknown): Error {
  const { code, message } = error as Error & { readonly code?: string };
  return code === "ERR_BUFFER_TOO_LARGE"
    ? new InflateLimitError(limit)
    : new DamagedDataError(`its ${codec} stream is damaged (${message})`);
}

/** Inflates gzip, to 1 byte or more at most. */
export function inflateGzip(data: Uint8Array, limit: number): Uint8Array {
  try {
    return gunzipSync(data, { maxOutputLength: limit });
  } catch (error) {
    throw explain("gzip", limit, error);
  }
}

/** Inflates Zstandard: one frame or more, one after the other. */
export function inflateZstd(data: Uint8Array, limit: number): Uint8Array {
  const frames: Uint8Array[] = [];
  let left = limit;
  for (let at = 0; at < data.length;) {
    let frame: Uint8Array;
    try {
      const { buffer, engine } = zstdDecompressSync(data.subarray(at), {
        maxOutputLength: Math.max(left, 1),
        info: true,
      }) as unknown as ZstdResult;
      frame = buffer;
      // It ends after the first frame, without an error.
      at += engine.bytesWritten || data.length;
    } catch (error) {
      throw explain("zstd", limit, error);
    }
    frames.push(frame);
    left -= frame.length;
    if (left < 0) throw new InflateLimitError(limit);
  }
  return frames.length === 1 ? frames[0] as Uint8Array : Buffer.concat(frames);
}
