/**
 * Ids that follow from a name: the same name has the same id each time.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/**
 * Makes a UUID of version 5 (RFC 9562, section 5.5) of a namespace, the 16 bytes of a UUID, and a name. It is hashed synchronously:
 * `crypto.subtle`, and so `@std/uuid/v5`, takes tens of microseconds for each call.
 */
export function uuidV5(
  namespace: Buffer,
  name: readonly (string | Uint8Array)[],
): string {
  const hash = createHash("sha1").update(namespace);
  for (const part of name) hash.update(part);
  const bytes = hash.digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
