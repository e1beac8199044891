/**
 * Records as programs read them: one JSON object a line.
 *
 * @module
 */

import { escapeUnsafe } from "../base/terminal_text.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import type { EventRecord, Header } from "./record.ts";

/**
 * Writes a record as one line of JSON, with every unsafe character escaped as JSON allows; a `timestamp` that is not a date is
 * `null`.
 */
export function toJsonLine(record: EventRecord<unknown>): string {
  const { topic, partition, offset, timestamp, key, event, headers } = record;
  return escapeUnsafe(JSON.stringify({
    topic,
    partition,
    offset,
    timestamp: isoTime(timestamp),
    key,
    event,
    ...(headers.length > 0 && { headers: jsonHeaders(headers) }),
  }));
}

/** Writes headers for a program: each name with its value, as text, or in base64 if it isn't UTF-8. */
export function jsonHeaders(headers: readonly Header[]): unknown[] {
  return headers.map((
    [name, value],
  ) => [name, value && (decodeUtf8(value) ?? { base64: value.toBase64() })]);
}

/** Reads a message's timestamp, in milliseconds since 1970 UTC; undefined if there is none (-1), or no calendar has it. */
export function dateOf(timestamp: number): Date | undefined {
  const date = new Date(timestamp);
  return timestamp < 0 || Number.isNaN(date.getTime()) ? undefined : date;
}

/** Writes a message's timestamp, in milliseconds since 1970 UTC, in ISO 8601; `null` if it is not a date. */
export function isoTime(timestamp: number): string | null {
  return dateOf(timestamp)?.toISOString() ?? null;
}
