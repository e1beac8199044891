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

/** Writes messages as lines of CSV, with a head before the first. */
export class CsvTable {
  /** The fields of the first event, each a column. */
  #fields: readonly string[] | undefined;

  /**
   * Writes a message.
   *
   * @returns One line; before the first message, that of the head too. A field that the first event has not is in the column for
   * others.
   */
  lines(message: PeekedMessage): string {
    const { partition, offset, timestamp, key, decoded } = message;
    const event = "event" in decoded ? fieldsOf(decoded.event) : new Map();
    let head = "";
    if (!this.#fields) {
      this.#fields = [...event.keys()];
      head = line([...PLACE, ...this.#fields, ...REST]);
    }
    const fields = this.#fields;
    const others = [...event].filter(([name]) => !fields.includes(name));
    return head + line([
      partition,
      offset,
      isoTime(timestamp),
      keyText(key),
      ...fields.map((name) => event.get(name)),
      others.length > 0 ? Object.fromEntries(others) : null,
      "event" in decoded ? null : decoded.problem,
    ]);
  }
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
