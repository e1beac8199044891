/**
 * What a person reads of an event in Kafka, safe for a terminal.
 *
 * @module
 */

import type { EventRecord, Position } from "../events/record.ts";
import { dateOf } from "../events/record_json.ts";
import { counted } from "../base/plural.ts";
import { printable } from "../base/terminal_text.ts";
import type { EventText } from "./event_text.ts";

const PREVIEW_HEX_BYTES = 24;

const decoder = new TextDecoder();

/** Shows the beginning of some bytes as text, escaped; what isn't UTF-8 is replaced. */
export function previewText(bytes: Uint8Array | null, maxBytes = 120): string {
  if (bytes === null) return "none";
  const shown = printable(decoder.decode(bytes.subarray(0, maxBytes)));
  const more = bytes.length > maxBytes ? "…" : "";
  return `${shown}${more} (${counted(bytes.length, "byte")})`;
}

/** Shows the beginning of some bytes as hexadecimal digits. */
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

/** Writes a timestamp in the machine's time zone, such as `2026-02-02 21:16:55`; `none` if it is not a date. */
export function describeTime(timestamp: number): string {
  // The way that Swedes write a time is that of ISO 8601, with a space.
  return dateOf(timestamp)?.toLocaleString("sv-SE") ?? "none";
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
