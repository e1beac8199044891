/**
 * What a store keeps of a kind of event: each event as a row, and aggregates.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { EventType } from "../events/event_type.ts";
import type { Position } from "../events/record.ts";
import type { Aggregate } from "./aggregate.ts";
import {
  checkNames,
  type Column,
  type ColumnType,
  type Table,
  type Value,
} from "./table.ts";

/** A column of the events' table. */
export interface EventColumn<T> {
  /** What it holds. */
  readonly type: ColumnType;
  /** Reads its value from an event. */
  readonly value: (event: T) => unknown;
}

/** The columns of the events' table, by name. */
export type EventColumns<T> = Readonly<Record<string, EventColumn<T>>>;

/** What to keep of a kind of event. */
export interface StoredEventDefinition<T> {
  /** The name of the events' table. By default it is the event's own with an s, and an underscore for each other character. */
  readonly table?: string;
  /** Its columns: those of {@linkcode columnsOf} by default. The event's id has to be one of them. */
  readonly columns?: EventColumns<T>;
  /** The aggregates. */
  readonly aggregates?: readonly Aggregate<T>[];
}

/** The columns that say where an event was read. */
const PLACE: readonly Column[] = [
  { name: "topic", type: "text" },
  { name: "partition", type: "integer" },
  { name: "offset", type: "integer" },
];

/** What a store keeps of a kind of event. */
export class StoredEvent<T> {
  readonly type: EventType<T>;
  /** The events' table. Its key is the event's id or, if events have none, their place. */
  readonly table: Table;
  readonly aggregates: readonly Aggregate<T>[];
  readonly #columns: readonly (readonly [string, EventColumn<T>])[];

  constructor(type: EventType<T>, definition: StoredEventDefinition<T> = {}) {
    const { aggregates = [] } = definition;
    const { table = `${type.name}s`.replaceAll(/\W/g, "_") } = definition;
    const { columns = columnsOf(type) } = definition;
    this.type = type;
    this.aggregates = aggregates;
    this.#columns = Object.entries(columns);
    checkNames([table, ...aggregates.map((each) => each.table.name)]);
    this.table = {
      name: table,
      columns: [
        ...this.#columns.map(([name, { type }]) => ({ name, type })),
        ...PLACE,
      ],
      key: type.idField === undefined
        ? PLACE.map(({ name }) => name)
        : [columnNameOf(type.idField)],
    };
    checkNames(this.table.columns.map(({ name }) => name));
  }

  get tables(): readonly Table[] {
    return [this.table, ...this.aggregates.map(({ table }) => table)];
  }

  rowOf(event: T, { topic, partition, offset }: Position): Value[] {
    const row: Value[] = [];
    for (const [name, { type, value }] of this.#columns) {
      row.push(valueOf(name, type, value(event)));
    }
    row.push(topic, partition, offset);
    return row;
  }
}

function valueOf(name: string, type: ColumnType, value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (type === "json") return JSON.stringify(value);
  if (type === "integer" && !Number.isSafeInteger(value)) {
    throw new InvalidEventError(
      `${name} can't be kept as a whole number: ${value}`,
    );
  }
  return typeof value === "boolean" ? Number(value) : value as Value;
}

/** Names the column of a field. Those that say where an event was read have their names already. */
function columnNameOf(field: string): string {
  const name = field.replaceAll(/\W/g, "_");
  const isTaken = PLACE.some((column) => column.name === name.toLowerCase());
  return isTaken || /^\d/.test(name) ? `event_${name}` : name;
}

/** The types of columns for JSON Schema's types; any other value is kept as JSON. */
const COLUMN_TYPES: Readonly<Record<string, ColumnType>> = {
  boolean: "boolean",
  integer: "integer",
  number: "real",
  string: "text",
};

/**
 * Makes a column of each field that an event's schema names. A character that is not a letter or digit becomes an underscore; `topic`,
 * `partition` and `offset` become `event_topic` and so on.
 */
export function columnsOf<T>(type: EventType<T>): EventColumns<T> {
  const { properties = {} }: {
    readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>;
  } = JSON.parse(type.schemaText);
  return Object.fromEntries(
    type.fields.map((field) => [columnNameOf(field), {
      type: COLUMN_TYPES[String(properties[field]?.type)] ?? "json",
      value: (event) => (event as Readonly<Record<string, unknown>>)[field],
    }]),
  );
}
