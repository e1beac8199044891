/**
 * Reads the rows of CSV as events: each column is a field, and its text becomes a value of the field's type.
 *
 * @module
 */

import { InvalidEventError } from "../../base/errors.ts";
import { refuseInexact } from "../../events/exact_json.ts";
import type { EventType } from "../../events/event_type.ts";
import { type FieldShape, SchemaFields } from "../../events/schema_fields.ts";
import { splitFields } from "./csv_rows.ts";

/** JSON's numbers. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
/** As JSON, Python and spreadsheets write it. */
const BOOLEAN = /^(true|false)$/i;
const JSON_START = /^\s*[[{]/;

interface Column {
  /** The names on the way to the field. */
  readonly path: readonly string[];
  /** Turns the text of a field into its value; undefined for none. */
  readonly read: (text: string, quoted: boolean) => unknown;
}

/** The columns of a file of CSV. */
export class CsvTable {
  readonly #columns: readonly (Column | undefined)[];
  /** The names of the columns that the schema doesn't know. They are left out. */
  readonly unknown: readonly string[];
  /** The names that more than one column has. */
  readonly repeated: readonly string[];
  /** The fields that every event needs, and that have no column. */
  readonly missing: readonly string[];

  constructor(type: EventType<unknown>, header: string) {
    const fields = new SchemaFields(JSON.parse(type.schemaText));
    const required = fields.required.filter((name) =>
      name !== type.idField && name !== type.timeField
    );
    const names = splitFields(header).map(({ text }) => text);
    this.#columns = names.map((name) => columnOf(fields, { name, required }));
    this.repeated = names.filter((name, i) => names.indexOf(name) < i);
    this.unknown = names.filter((_, i) => !this.#columns[i]);
    const found = new Set(this.#columns.map((column) => column?.path[0]));
    this.missing = required.filter((name) => !found.has(name));
  }

  /**
   * Reads a row.
   *
   * @returns The event, not checked yet: a text that has no meaning for its field's type stays a text.
   * @throws {InvalidEventError} If it has more or fewer fields than the header, or a number that can't be kept exactly.
   */
  read(row: string): Record<string, unknown> {
    const fields = splitFields(row);
    const columns = this.#columns;
    if (fields.length !== columns.length) {
      throw new InvalidEventError(
        `The row has ${fields.length} field${
          fields.length === 1 ? "" : "s"
        }, and the header has ${columns.length}`,
      );
    }
    const event: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const field = fields[i];
      if (!column || !field) continue;
      const value = column.read(field.text, field.quoted);
      if (value !== undefined) put(event, column.path, value);
    }
    return event;
  }
}

/** Finds the field of a column: the one of the same name, or else the one that its name leads to, such as `address.city`. */
function columnOf(
  fields: SchemaFields,
  { name, required }: {
    readonly name: string;
    readonly required: readonly string[];
  },
): Column | undefined {
  for (const path of [[name], name.split(".")]) {
    const shape = fields.find(path);
    if (shape) {
      return { path, read: readerOf(path, shape, required.includes(name)) };
    }
  }
  return undefined;
}

/** Makes what turns a column's texts into values. An empty text means that there is no value, unless it is quoted. */
function readerOf(
  path: readonly string[],
  { types, values }: FieldShape,
  isRequired: boolean,
): Column["read"] {
  const takesText = types.has("string");
  const takesNumber = types.has("number");
  const takesJson = types.has("object") || types.has("array");
  const empty = types.has("null") ? null : isRequired ? "" : undefined;
  const byText = new Map(values?.map((value) => [String(value), value]));
  if (takesText && types.size === 1) {
    return (text, quoted) => text === "" && !quoted ? empty : text;
  }
  return (text, quoted) => {
    if (text === "" && !quoted) return empty;
    if (byText.has(text)) return byText.get(text);
    if (quoted && takesText) return text;
    if (takesNumber && NUMBER.test(text)) return parseExact(text, path);
    if (types.has("boolean") && BOOLEAN.test(text)) return /^t/i.test(text);
    if (types.has("null") && !takesText && text === "null") return null;
    return takesJson && JSON_START.test(text) ? parseExact(text, path) : text;
  };
}

/** Parses JSON. What isn't JSON stays a text. */
function parseExact(text: string, path: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  refuseInexact(text, { value, name: path.join("/") });
  return value;
}

function put(
  event: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): void {
  let object = event;
  for (const name of path.slice(0, -1)) {
    object = (object[name] ??= {}) as Record<string, unknown>;
  }
  object[path.at(-1) as string] = value;
}
