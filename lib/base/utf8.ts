/**
 * Decoding UTF-8 without replacing what is not valid.
 *
 * @module
 */

import { Buffer, isUtf8 } from "node:buffer";

const REPLACEMENT = "\ufffd";

/** Decodes UTF-8. A BOM is kept. Returns the text; undefined if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const { buffer, byteOffset, byteLength } = bytes;
  const text =
    (bytes instanceof Buffer
      ? bytes
      : Buffer.from(buffer, byteOffset, byteLength)).toString();
  // The text may contain that character itself. Searching the text first is faster than checking the bytes each time.
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : text;
}
