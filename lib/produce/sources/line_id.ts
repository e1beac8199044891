/**
 * The id of an event that comes from a file and has none.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { uuidV5 } from "../../base/uuid_v5.ts";

/** The namespace of these ids: a random UUID, chosen once. */
const NAMESPACE = Buffer.from("6f2c3d0e1f574c0b9d3a5b7d0a6c1e42", "hex");

/** Makes a UUID (version 5) of a line's number and content, so that a file that is sent twice has the same ids both times. */
export function lineId(number: number, content: Uint8Array): string {
  return uuidV5(NAMESPACE, [`${number}:`, content]);
}
