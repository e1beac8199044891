/**
 * Lines of `consume --json`, read as events to be sent again: with their keys, timestamps and headers, to another topic or cluster.
 *
 * @module
 */

import { Buffer, isUtf8 } from "node:buffer";
import { InvalidEventError } from "../../base/errors.ts";
import { parseIsoTime } from "../../base/iso_time.ts";
import type { OutgoingHeader } from "../../events/record.ts";
import type { SendOptions } from "./source.ts";

/** The names that such a line has, besides `headers`. Events have others. */
const NAMES = ["topic", "partition", "offset", "timestamp", "key", "event"];

/** A key that is not UTF-8, as it is written. */
const HEX_KEY = /^0x((?:[\da-f]{2})+)$/;

/** An event with what goes with it. */
export interface ConsumedLine extends SendOptions {
  readonly value: unknown;
}

/** Reads a line of `consume --json`: the event with what goes with it; undefined if the value is an event itself. */
export function readConsumedLine(line: unknown): ConsumedLine | undefined {
  // Most lines are events: this tells them apart without looking at all of their names.
  if (typeof line !== "object" || line === null || !("offset" in line)) {
    return undefined;
  }
  const { event, key, timestamp, headers = [], ...rest } = line as Readonly<
    Record<string, unknown>
  >;
  const names = Object.keys(line).filter((name) => name !== "headers");
  if (
    names.length !== NAMES.length ||
    !NAMES.every((name) => names.includes(name)) ||
    typeof rest["partition"] !== "number" || typeof rest["offset"] !== "string"
  ) return undefined;
  return {
    value: event,
    key: keyOf(key),
    timestamp: timestampOf(timestamp),
    headers: headersOf(headers),
  };
}

function keyOf(key: unknown): string | Uint8Array | null {
  if (key === null) return null;
  if (typeof key !== "string") throw wrong("key", "a text or null");
  const [, hex] = HEX_KEY.exec(key) ?? [];
  const bytes = hex === undefined ? undefined : Buffer.from(hex, "hex");
  // Text is written as it is, so that hexadecimal digits stand for what is not text.
  return bytes && !isUtf8(bytes) ? bytes : key;
}

function timestampOf(timestamp: unknown): number | undefined {
  if (timestamp === null) return undefined;
  const time = typeof timestamp === "string"
    ? parseIsoTime(timestamp)
    : undefined;
  if (time === undefined) throw wrong("timestamp", "a time or null");
  return time;
}

function headersOf(headers: unknown): readonly OutgoingHeader[] {
  if (!Array.isArray(headers)) throw wrong("headers", "a list");
  return headers.map((header): OutgoingHeader => {
    const [name, value] = Array.isArray(header) ? header : [];
    if (typeof name !== "string") throw wrong("headers", "names and values");
    if (value === null || typeof value === "string") return [name, value];
    return [name, bytesOf(Object(value).base64)];
  });
}

/** Buffer.from() would leave out what isn't base64, so that other bytes are sent. */
function bytesOf(base64: unknown): Uint8Array {
  try {
    if (typeof base64 === "string") return Uint8Array.fromBase64(base64);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw wrong("headers", "texts or base64");
}

function wrong(name: string, expected: string): InvalidEventError {
  return new InvalidEventError(
    `The consumed line's ${name} must be ${expected}`,
  );
}
