/**
 * UTF-8: how much it takes, and decoding it without replacing what is not valid.
 *
 * @module
 */

import { Buffer, isUtf8 } from "node:buffer";

/** How many bytes a unit of UTF-16 takes at most. */
export const MAX_UNIT_BYTES = 3;

const REPLACEMENT = "\ufffd";

/** What `Buffer.toString()` calls. It takes every array of bytes: making a buffer of one first takes as long as decoding a short text. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
};

/** Decodes UTF-8. A BOM is kept. Returns the text; undefined if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = utf8Slice.call(bytes, 0, bytes.length);
  // The text may contain that character itself. Searching the text first is faster than checking the bytes each time.
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : text;
}
