/**
 * Reading bytes as text without ever replacing what is not UTF-8.
 *
 * @module
 */

import { Buffer, isUtf8 } from "node:buffer";

/** What a decoder puts in the place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/**
 * Reads bytes as UTF-8. A byte order mark stays.
 *
 * @param bytes The bytes.
 * @returns The text; nothing where they are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const { buffer, byteOffset, byteLength } = bytes;
  const text =
    (bytes instanceof Buffer
      ? bytes
      : Buffer.from(buffer, byteOffset, byteLength)).toString();
  // The replacement may stand there for itself. Looking for it in the text is faster than checking the bytes each time.
  return text.includes(REPLACEMENT) && !isUtf8(bytes) ? undefined : text;
}
