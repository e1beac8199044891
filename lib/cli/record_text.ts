/**
 * What a person reads of an event in Kafka, and what a program reads (`--json`); both safe for a terminal.
 *
 * @module
 */

import type { EventRecord, Header, Position } from "../events/record.ts";
import { escapeUnsafe, printable } from "../base/terminal_text.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import type { EventText } from "./event_text.ts";

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

/** How many of them are shown as hexadecimal digits. */
const PREVIEW_HEX_BYTES = 24;

const decoder = new TextDecoder();

/**
 * Shows the beginning of some bytes as text.
 *
 * @param bytes The bytes; `null` if there are none.
 * @param maxBytes How many bytes are shown.
 * @default {120}
 * @returns The text, escaped; what isn't UTF-8 is replaced.
 */
export function previewText(bytes: Uint8Array | null, maxBytes = 120): string {
  if (bytes === null) return "none";
  const shown = printable(decoder.decode(bytes.subarray(0, maxBytes)));
  const more = bytes.length > maxBytes ? "…" : "";
  return `${shown}${more} (${bytes.length} bytes)`;
}

/**
 * Shows the beginning of some bytes as hexadecimal digits.
 *
 * @param bytes The bytes.
 */
export function previewHex(bytes: Uint8Array): string {
  const pairs = bytes.subarray(0, PREVIEW_HEX_BYTES).toHex().match(/../g) ?? [];
  return pairs.join(" ") + (bytes.length > PREVIEW_HEX_BYTES ? " …" : "");
}

/** Writes a block: a title, and lines that belong to it. */
export function describeBlock(title: string, lines: readonly string[]): string {
  return [
    title,
    ...lines.map((line, i) =>
      `        ${i === lines.length - 1 ? "└─" : "├─"} ${line}`
    ),
  ].join("\n");
}

/** Writes the line for an event that was delivered. */
export function describeDelivery(position: Position): string {
  const { topic, partition, offset } = position;
  return offset === "-1"
    ? `Sent: ${topic} [${partition}] (acks 0: the broker doesn't answer)`
    : `Delivered: ${topic} [${partition}] offset=${offset}`;
}

/** A message may have no timestamp (-1), or one that no calendar has: its writer chooses it. */
function dateOf(timestamp: number): Date | undefined {
  const date = new Date(timestamp);
  return timestamp < 0 || Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * Writes a message's timestamp for a program.
 *
 * @param timestamp In milliseconds since 1970 UTC.
 * @returns The time in ISO 8601, in UTC; `null` if it is not a date.
 */
export function isoTime(timestamp: number): string | null {
  return dateOf(timestamp)?.toISOString() ?? null;
}

/**
 * Writes a message's timestamp.
 *
 * @param timestamp In milliseconds since 1970 UTC.
 * @returns The time in the machine's time zone, such as `2026-02-02 21:16:55`; `none` if it is not a date.
 */
export function describeTime(timestamp: number): string {
  const date = dateOf(timestamp);
  if (!date) return "none";
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${
    two(date.getDate())
  } ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${
      two(date.getSeconds())
    }`;
}

/**
 * Writes the block for an event that was consumed.
 *
 * @param number Its number in this run, from 1.
 */
export function describeRecord<T>(
  number: number,
  record: EventRecord<T>,
  text: EventText<T>,
): string {
  const { partition, offset, timestamp, event } = record;
  const block = describeBlock(`Message #${number}`, [
    `Partition: ${partition} | Offset: ${offset}`,
    `Kafka Timestamp: ${describeTime(timestamp)}`,
    ...text.block(event),
  ]);
  return `${block}\n${"-".repeat(80)}`;
}
