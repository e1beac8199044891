/**
 * Reads gzip with Deno's own reader.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";
import { DamagedDataError, InflateLimitError } from "./damage.ts";

/**
 * Inflates gzip.
 *
 * @param limit How much it may inflate to, in bytes, 1 or more.
 * @throws {DamagedDataError} If it isn't gzip, is truncated, or fails its checksum.
 * @throws {InflateLimitError} If it inflates to more; little more than the limit has been inflated.
 */
export function inflateGzip(data: Uint8Array, limit: number): Uint8Array {
  try {
    return gunzipSync(data, { maxOutputLength: limit });
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string };
    if (code === "ERR_BUFFER_TOO_LARGE") throw new InflateLimitError(limit);
    throw new DamagedDataError(`its gzip stream is damaged (${message})`);
  }
}
