/**
 * What `deno task peek` prints.
 *
 * @module
 */

import { counted } from "../base/plural.ts";
import { printable } from "../base/terminal_text.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { keyText, placeOf } from "../events/record.ts";
import { MAX_LOOK_BACK, type PeekSummary } from "../operate/peek.ts";
import type { PeekedMessage } from "../operate/peeked_message.ts";
import { eventLines } from "./event_text.ts";
import {
  describeBlock,
  describeTime,
  previewHex,
  previewText,
} from "./record_text.ts";

/** What the headers of a dead letter begin with that are told by its reason. */
const LETTER_PREFIX = "__connect.errors.";
const MAX_VALUE_BYTES = 1_000;
const MAX_NAMED_COUNT = 10;

/** Writes a message for a person, as a block: its place, its headers, and the event, a line per field. */
export function describePeeked(message: PeekedMessage): string {
  const { timestamp, key, value, headers, decoded, letter } = message;
  const shown = letter
    ? headers.filter(([name]) => !name.startsWith(LETTER_PREFIX))
    : headers;
  return describeBlock(placeOf(message), [
    `Kafka Timestamp: ${describeTime(timestamp)}`,
    `Key: ${printable(keyText(key) ?? "none")}`,
    ...letter?.origin
      ? [
        `Dead letter of: ${printable(placeOf(letter.origin))}`,
        `Reason: ${printable(letter.reason ?? "unknown")}`,
      ]
      : [],
    ...shown.map(([name, content]) =>
      `Header ${printable(name)}: ${
        content === null
          ? "none"
          : printable(decodeUtf8(content) ?? previewHex(content))
      }`
    ),
    ..."event" in decoded
      ? [`Schema: ${decoded.schemaId}`, ...eventLines(decoded.event)]
      : value === null
      ? ["Value: none (it deletes its key from a compacted topic)"]
      : [
        `Not an event: ${printable(decoded.problem ?? "")}`,
        `Value: ${previewText(value, MAX_VALUE_BYTES)}`,
        `Bytes: ${previewHex(value)}`,
      ],
  ]);
}

/** Writes how far it was looked. */
export function describeLook(topic: string, summary: PeekSummary): string {
  const { shown, read, looked, hasMore } = summary;
  const spans = [...looked].sort(([a], [b]) => a - b)
    .filter(([, { low, high }]) => high > low)
    .map(([partition, { low, high }]) =>
      `[${partition}] ${low} to ${high - 1n}`
    );
  const named = spans.slice(0, MAX_NAMED_COUNT).join(", ");
  const more = spans.length > MAX_NAMED_COUNT ? ", …" : "";
  return [
    spans.length === 0
      ? `Topic '${topic}' has no messages there.`
      : `${shown} of ${
        counted(read, "message")
      } shown; looked at ${topic} ${named}${more}.`,
    ...hasMore
      ? [
        `It looks back ${
          MAX_LOOK_BACK.toLocaleString("en")
        } offsets a partition; --from looks further.`,
      ]
      : [],
  ].join("\n");
}
