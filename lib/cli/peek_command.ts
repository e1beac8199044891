/**
 * `deno task peek`: shows a topic's messages from outside of any consumer group.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { counted } from "../base/plural.ts";
import { printable } from "../base/terminal_text.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { keyText, placeOf } from "../events/record.ts";
import {
  messageFilter,
  parseFieldValue,
  textAt,
} from "../operate/message_filter.ts";
import { messageJson } from "../operate/message_json.ts";
import { parseOffsetTarget } from "../operate/offset_target.ts";
import { MAX_LOOK_BACK, peek, type PeekSummary } from "../operate/peek.ts";
import type { PeekedMessage } from "../operate/peeked_message.ts";
import { task } from "./command.ts";
import { eventLines } from "./event_text.ts";
import { integerFlag, switchFlag, textFlag, valueFlag } from "./flags.ts";
import { errors, output, printLine } from "./output.ts";
import {
  describeBlock,
  describeTime,
  previewHex,
  previewText,
} from "./record_text.ts";
import { stopSignal } from "./signals.ts";
import {
  CONNECTION_FLAGS,
  connectionFrom,
  JSON_FLAG,
  PARTITION_FLAG,
} from "./task_flags.ts";

/** The command. */
export const peekCommand = task({
  name: "peek",
  summary:
    "Shows a topic's messages. It joins no group and commits nothing, so no consumer notices.",
  flags: {
    topic: textFlag(
      "NAME",
      "the topic; one of dead letters too, such as demo.dlq",
      { default: "demo" },
    ),
    last: integerFlag(
      "N",
      "the newest N messages, unless --from is given (default 10)",
      { min: 1, max: 100_000 },
    ),
    from: valueFlag(
      "WHERE",
      "everything from there on: earliest, an offset, a time in ISO 8601, or -N from the end",
      {
        takes: "earliest, an offset, a time in ISO 8601 or -N",
        parse: parseOffsetTarget,
      },
    ),
    partition: PARTITION_FLAG,
    key: textFlag("KEY", "only this key"),
    where: valueFlag(
      "FIELD=VALUE",
      "only events with this value; address.city names an inner field",
      { takes: "FIELD=VALUE", parse: parseFieldValue },
    ),
    follow: switchFlag("go on with the messages that come, until Ctrl+C"),
    json: JSON_FLAG,
    ...CONNECTION_FLAGS,
  },
  examples: [
    ["deno task peek", "The ten newest messages of the topic demo"],
    [
      "deno task peek --topic loyalty --where card_id=1234 --last 3",
      "The newest scans of one card",
    ],
    [
      "deno task peek --from 2026-02-02T21:00:00Z --json > evening.ndjson",
      "Everything from a time on, as JSON",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const { topic, last, from, partition, follow, key, where: field } = flags;
  const matches = messageFilter({ key, fields: field ? [field] : [] });
  let hasField = false;
  if (from && last !== undefined) {
    throw new UsageError("--last and --from are both given: keep one of them");
  }
  const { config, ...connection } = connectionFrom(flags);
  const write = flags.json ? messageJson : describePeeked;
  const summary = await peek(config, async (message) => {
    printLine(write(message));
    if (output.full) await output.written();
  }, {
    ...connection,
    topic,
    partition,
    last,
    from,
    matches: matches && ((message) => {
      hasField ||= field !== undefined &&
        textAt(message, field.field) !== undefined;
      return matches(message);
    }),
    follow,
    signal: stop.signal,
  });
  // Behind the messages, where both go to one terminal or file.
  await output.written();
  errors.print(describeLook(topic, summary));
  if (field && !hasField && summary.read > 0) {
    errors.print(`None of them has the field '${printable(field.field)}'.`);
  }
});

/** What the headers of a dead letter begin with that are told by its reason. */
const LETTER_PREFIX = "__connect.errors.";
const MAX_VALUE_BYTES = 1_000;
const MAX_NAMED_COUNT = 10;

/** Writes a message for a person, as a block: its place, its headers, and the event, a line per field. */
function describePeeked(message: PeekedMessage): string {
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
        `Not decoded: ${printable(decoded.problem ?? "")}`,
        `Value: ${previewText(value, MAX_VALUE_BYTES)}`,
        `Bytes: ${previewHex(value)}`,
      ],
  ]);
}

/** Writes how far it was looked. */
function describeLook(topic: string, summary: PeekSummary): string {
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
