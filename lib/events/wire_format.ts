/**
 * Confluent's wire format: a zero byte, the schema's id in four bytes big-endian, then the payload. Newer serializers write a GUID in a
 * message header instead.
 *
 * @see {@link https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format}
 * @module
 */

import { Buffer } from "node:buffer";
import { InvalidEventError } from "../base/errors.ts";
import { counted } from "../base/plural.ts";
import { decodeUtf8, MAX_UNIT_BYTES } from "../base/utf8.ts";
import { refuseInexact } from "./exact_json.ts";

/** The length of what stands before the payload, in bytes. */
export const HEADER_LENGTH = 5;

const MAGIC_BYTE = 0;
/** What stands before a GUID in place of an id, and how long both are together, in bytes. */
const [GUID_MAGIC_BYTE, GUID_LENGTH] = [1, 17];
/** The largest schema id: ids are signed in Confluent's API. */
export const MAX_SCHEMA_ID = 0x7fff_ffff;
/** How many levels of objects and arrays a payload may have: writing more as JSON again can exhaust the stack. */
const MAX_DEPTH = 1_000;
const ENCODER = new TextEncoder();
/**
 * Values are written one behind the other into arrays of so many bytes: one array for each would take twice the time. As long as one of
 * them waits, so do the others of its array: it is not larger, so that they don't take much more memory than is counted for them.
 */
const SLAB_LENGTH = 8 * 1_024;
let slab = new Uint8Array(0);
let used = 0;

/** How a message names the schema of its payload: by the registry's id, or by a GUID. */
export type SchemaId = number | string;

/** The name of the message header in which newer serializers write the schema of the value. */
export const SCHEMA_ID_HEADER = "__value_schema_id";

/** A message's value, taken apart. */
export interface WireMessage {
  /** Which schema of the registry the payload has. */
  readonly schemaId: SchemaId;
  /** The payload, still in bytes: a view, not a copy. */
  readonly payload: Uint8Array;
}

/** Puts the header before a payload of text. It throws a RangeError for an id that is not a whole number from 0 to 2^31 - 1. */
export function frame(schemaId: number, json: string): Uint8Array {
  if (!Number.isInteger(schemaId) || schemaId < 0 || schemaId > MAX_SCHEMA_ID) {
    throw new RangeError(
      `A schema id is a whole number from 0 to ${MAX_SCHEMA_ID}: ${schemaId}`,
    );
  }
  let room = HEADER_LENGTH + MAX_UNIT_BYTES * json.length;
  if (room > SLAB_LENGTH) room = HEADER_LENGTH + Buffer.byteLength(json);
  if (slab.length - used < room) {
    slab = new Uint8Array(Math.max(room, SLAB_LENGTH));
    used = 0;
  }
  const start = used;
  const { written } = ENCODER.encodeInto(
    json,
    slab.subarray(start + HEADER_LENGTH),
  );
  used += HEADER_LENGTH + written;
  const value = slab.subarray(start, used);
  value[0] = MAGIC_BYTE;
  for (let at = 1; at < HEADER_LENGTH; at++) {
    value[at] = schemaId >>> (8 * (HEADER_LENGTH - 1 - at));
  }
  return value;
}

/**
 * Separates a message's payload from the id of its schema.
 *
 * @param schemaIdHeader The message's header {@linkcode SCHEMA_ID_HEADER}: with it, the whole value is the payload.
 * @throws {InvalidEventError} If what has the id is too short or doesn't begin with a magic byte.
 */
export function unframe(
  value: Uint8Array,
  schemaIdHeader?: Uint8Array | null,
): WireMessage {
  if (schemaIdHeader) {
    return { schemaId: readSchemaId(schemaIdHeader, true), payload: value };
  }
  const schemaId = readSchemaId(value, false);
  const length = typeof schemaId === "number" ? HEADER_LENGTH : GUID_LENGTH;
  return { schemaId, payload: value.subarray(length) };
}

/** Reads a magic byte and the id that follows it. */
function readSchemaId(bytes: Uint8Array, isHeader: boolean): SchemaId {
  const isGuid = bytes[0] === GUID_MAGIC_BYTE;
  const length = isGuid ? GUID_LENGTH : HEADER_LENGTH;
  if (bytes.length < length) {
    const [whole, part] = isHeader
      ? [`header ${SCHEMA_ID_HEADER}`, "id"]
      : ["value", "header"];
    throw new InvalidEventError(
      `The ${whole} is truncated: ${
        counted(bytes.length, "byte")
      }, where the ${part} alone takes ${length}`,
    );
  }
  if (isGuid) {
    const hex = bytes.subarray(1, GUID_LENGTH).toHex();
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
  const byte = (at: number) => bytes[at] as number;
  if (byte(0) !== MAGIC_BYTE) {
    const place = isHeader ? ` of the header ${SCHEMA_ID_HEADER}` : "";
    const hex = byte(0).toString(16).padStart(2, "0");
    throw new InvalidEventError(
      `The magic byte${place} is 0x${hex} and not 0x00`,
    );
  }
  return (byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4)) >>> 0;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPENING, CLOSING] = [[0x5b, 0x7b], [0x5d, 0x7d]];

function isTooDeep(json: Uint8Array): boolean {
  // A level takes two bytes: short payloads, which are the usual ones, are not searched.
  if (json.length <= 2 * MAX_DEPTH) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted) at += byte === BACKSLASH ? 1 : 0;
    else if (CLOSING.includes(byte)) depth--;
    else if (OPENING.includes(byte) && ++depth > MAX_DEPTH) return true;
  }
  return false;
}

/**
 * Reads a payload as JSON in UTF-8.
 *
 * @returns The JSON value, not checked against any schema.
 * @throws {InvalidEventError} If the bytes are not UTF-8, the text is not JSON or nested too deeply, or a number can't be kept.
 */
export function parsePayload(payload: Uint8Array): unknown {
  // Replacing what is not UTF-8 would change an event unnoticed. A BOM is refused as well: JSON has none (RFC 8259,
  // section 8.1).
  const text = decodeUtf8(payload);
  if (text === undefined) {
    throw new InvalidEventError("The payload is not UTF-8", {
      cause: new TypeError("The encoded data is not valid UTF-8"),
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidEventError("The payload is not JSON", { cause });
  }
  if (isTooDeep(payload)) {
    throw new InvalidEventError(
      `The payload is nested deeper than ${MAX_DEPTH} levels`,
    );
  }
  refuseInexact(text, { value });
  return value;
}
