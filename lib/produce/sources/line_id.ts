/**
 * The id of an event that comes from a file and has none.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** The namespace of these ids (RFC 9562, section 5.5): a random UUID, chosen once. */
const NAMESPACE = Buffer.from("6f2c3d0e1f574c0b9d3a5b7d0a6c1e42", "hex");

/**
 * Makes a UUID (version 5) of a line's number and content, so that a file that is sent twice has the same ids both times.
 *
 * It is hashed synchronously: `crypto.subtle`, and so `@std/uuid/v5`, takes tens of microseconds for each call.
 *
 * @param number The line's number.
 * @param content The line's bytes.
 * @returns The UUID.
 */
export function lineId(number: number, content: Uint8Array): string {
  const bytes = createHash("sha1")
    .update(NAMESPACE)
    .update(`${number}:`)
    .update(content)
    .digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
