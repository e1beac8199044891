/**
 * Messages as a table that spreadsheets open.
 *
 * @module
 */

import { keyText } from "../events/record.ts";
import { isoTime } from "../events/record_json.ts";
import type { PeekedMessage } from "../operate/peeked_message.ts";

/** The columns before those of the event's fields, and after them. */
const [PLACE, REST] = [
  ["partition", "offset", "timestamp", "key"],
  ["other fields", "problem"],
];
/** What a spreadsheet takes for the beginning of a formula: the wide signs of East Asian keyboards too. */
const FORMULA = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;

/**
 * Makes what writes messages as lines of CSV.
 *
 * @returns Writes a message: one line; before the first message, that of the head too. A field that the first event has not is in the
 * column for others.
 */
export function csvWriter(): (message: PeekedMessage) => string {
  /** The fields of the first event, each a column. */
  let fields: readonly string[] | undefined;
  return ({ partition, offset, timestamp, key, decoded }) => {
    const event = "event" in decoded ? fieldsOf(decoded.event) : new Map();
    const head = fields ? "" : line([...PLACE, ...event.keys(), ...REST]);
    const known = fields ??= [...event.keys()];
    const others = [...event].filter(([name]) => !known.includes(name));
    return head + line([
      partition,
      offset,
      isoTime(timestamp),
      keyText(key),
      ...known.map((name) => event.get(name)),
      others.length > 0 ? Object.fromEntries(others) : null,
      "event" in decoded ? null : decoded.problem,
    ]);
  };
}

function fieldsOf(event: unknown): Map<string, unknown> {
  return typeof event === "object" && event !== null && !Array.isArray(event)
    ? new Map(Object.entries(event))
    : new Map([["event", event]]);
}

function line(values: readonly unknown[]): string {
  return `${values.map(cell).join(",")}\r\n`;
}

/** Writes a value. A text that a spreadsheet would compute gets an apostrophe: messages may come from anyone. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
