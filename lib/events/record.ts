/**
 * What a person reads of an order, and what a program reads (`--json`); both safe for a terminal.
 *
 * @module
 */

import type { CustomerEvent } from "./order.ts";
import { escapeUnsafe, printable } from "../base/terminal_text.ts";
import { decodeUtf8 } from "../base/utf8.ts";

/** An order's place in Kafka. */
export interface Position {
  /** The topic. */
  readonly topic: string;
  /** The partition's number. */
  readonly partition: number;
  /** The offset, as text: it is a 64-bit number. `-1` where the broker was not asked to tell (acks 0). */
  readonly offset: string;
}

/** An order in Kafka. */
export interface EventRecord extends Position {
  /** The message's timestamp, in milliseconds since 1970 UTC; -1 where it has none. */
  readonly timestamp: number;
  /** The message's key. */
  readonly key: string | null;
  /** The order. */
  readonly event: CustomerEvent;
}

/**
 * Writes a record as one line of JSON.
 *
 * @param record The record.
 * @returns JSON with every unsafe character escaped as JSON allows; a `timestamp` that is no date is `null`.
 */
export function toJsonLine(record: EventRecord): string {
  const { topic, partition, offset, timestamp, key, event } = record;
  return escapeUnsafe(JSON.stringify({
    topic,
    partition,
    offset,
    timestamp: isoTime(timestamp),
    key,
    event,
  }));
}

/**
 * Writes the line for an order that is about to be sent.
 *
 * @param number Its number in this run, from 1.
 * @param event The order.
 * @returns The line.
 */
export function describeSending(number: number, event: CustomerEvent): string {
  return `Event ${number}: ${
    printable(event.customer_name)
  } ordered ${event.quantity}x ` +
    `${printable(event.drink_name)} ($${event.amount.toFixed(2)} CAD) - ` +
    `Member: ${event.is_member ? "True" : "False"}`;
}

/**
 * Writes where a message is.
 *
 * @param position Where it is.
 * @returns Such as `demo [1] offset=6`.
 */
export function placeOf({ topic, partition, offset }: Position): string {
  return `${topic} [${partition}] offset=${offset}`;
}

/**
 * Writes the line for an order that was delivered.
 *
 * @param position Where it is.
 * @returns The line.
 */
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
 * @returns The time in ISO 8601, in UTC; nothing where it is no date.
 */
export function isoTime(timestamp: number): string | null {
  return dateOf(timestamp)?.toISOString() ?? null;
}

/**
 * Reads a message's key as text.
 *
 * @param key The key in bytes.
 * @returns Its text; a key that isn't UTF-8 by its bytes, such as `0xff01`, as it plays no part in reading the order.
 */
export function keyText(key: Uint8Array | null | undefined): string | null {
  if (!key) return null;
  return decodeUtf8(key) ?? `0x${key.toHex()}`;
}

/**
 * Writes a message's timestamp.
 *
 * @param timestamp In milliseconds since 1970 UTC.
 * @returns The time in the machine's time zone, such as `2026-02-02 21:16:55`; `none` where it is no date.
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
 * Writes the block for an order that was consumed.
 *
 * @param number Its number in this run, from 1.
 * @param record The record.
 * @returns The block's lines.
 */
export function describeRecord(number: number, record: EventRecord): string {
  const { partition, offset, timestamp, event } = record;
  return [
    "=".repeat(80),
    `Message #${number}`,
    `        ├─ Partition: ${partition} | Offset: ${offset}`,
    `        ├─ Kafka Timestamp: ${describeTime(timestamp)}`,
    `        ├─ Event ID: ${printable(event.event_id)}`,
    `        ├─ Customer: ${printable(event.customer_name)} (${
      event.is_member ? "Member" : "Non-Member"
    })`,
    `        ├─ Order: ${event.quantity}x ${printable(event.drink_name)}`,
    `        ├─ Amount: $${event.amount.toFixed(2)}`,
    `        └─ Event Time (UTC): ${printable(event.ts_utc)}`,
    "-".repeat(80),
  ].join("\n");
}
