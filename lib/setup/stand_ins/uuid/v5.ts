/**
 * Stand-in for `@std/uuid/v5`: UUIDs of version 5, made of a namespace and a name by SHA-1: the same name gives the same UUID.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const UUID_V5 =
  /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Tells whether a text is a UUID of version 5. */
export function validate(id: string): boolean {
  return UUID_V5.test(id);
}

/** Generates the UUID of a name within a namespace. */
// The package's own function is asynchronous, and callers rely on errors arriving as rejections.
// deno-lint-ignore require-await
export async function generate(
  namespace: string,
  data: Uint8Array,
): Promise<string> {
  if (!UUID.test(namespace)) {
    throw new TypeError(`Cannot generate UUID: invalid namespace ${namespace}`);
  }
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(data)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(
    /^(.{8})(.{4})(.{4})(.{4})/,
    "$1-$2-$3-$4-",
  );
}
