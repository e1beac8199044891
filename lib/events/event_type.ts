/**
 * What the pipeline knows of a kind of event: its topic, its schema, its key, and how one is checked.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { FromSchema, JsonSchema } from "./from_schema.ts";
import {
  type CompileOptions,
  compileSchema,
  type SchemaCheck,
  type SchemaReference,
} from "./json_schema.ts";

/** What a check of an event of any size may note. */
const FIRST_ERROR = { allErrors: false } as const;

/** What defines a kind of event, besides its schema. */
export interface EventDefinition<T> {
  /** The event's name, as messages and `--event` call it: `loyalty_scan`. */
  readonly name: string;
  /** The topic that it is produced to and consumed from unless another is given. */
  readonly topic: string;
  /** Makes a message's key. Events of one key share a partition and keep their sequence; with `null`, an event may be in any. */
  readonly key: (event: T) => string | null;
  /** The field that identifies an event. Where a file's line lacks it, a UUID made from the line is filled in. */
  readonly idField?: keyof T & string;
  /** The field with the event's time, in ISO 8601. Where a file's line lacks it, the time of reading is filled in. */
  readonly timeField?: keyof T & string;
  /**
   * Checks on producing what the registered schema leaves open. A constraint that is added to a registered schema is an incompatible
   * change; one that is added here is not.
   *
   * @returns What is wrong, such as `quantity must be even`; undefined if nothing is.
   */
  readonly validate?: (event: T) => string | undefined;
  /** What the schema refers to outside of itself. It is registered with these references. By default: nothing. */
  readonly references?: readonly SchemaReference[];
  /**
   * Kinds of events that this one stands for: one that was written by the schema of a kind is checked as one of that kind. By default:
   * none.
   */
  readonly kinds?: readonly EventType<T>[];
  /** Generates random events, without end; with a `seed`, the same events again, but for their times. */
  readonly generate?: (
    options: { readonly seed?: number | undefined },
  ) => Iterator<T, never>;
}

/** What a schema says of an object's fields. */
interface ObjectSchema {
  readonly $ref: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly patternProperties: unknown;
  readonly additionalProperties: unknown;
  readonly required: readonly string[];
}

/** A kind of event. Made by {@linkcode defineEvent}. */
export class EventType<T> {
  /** The event's name. */
  readonly name: string;
  /** The topic that it is produced to and consumed from unless another is given. */
  readonly topic: string;
  /** The schema's text as it is registered: JSON with no white space. */
  readonly schemaText: string;
  /** Makes a message's key; `null` for none. */
  readonly key: (event: T) => string | null;
  /** The field that identifies an event. */
  readonly idField: string | undefined;
  /** The field with the event's time. */
  readonly timeField: string | undefined;
  /** Generates random events, without end. */
  readonly generate: EventDefinition<T>["generate"];
  /** What the schema refers to outside of itself. */
  readonly references: readonly SchemaReference[];
  readonly #kinds: readonly EventType<T>[];
  readonly #schema: JsonSchema;
  readonly #validate: EventDefinition<T>["validate"];
  // Compiled on first use: most programs need only one of them.
  #closed: SchemaCheck | undefined;
  #thorough: SchemaCheck | undefined;
  #open: SchemaCheck | undefined;

  /** Makes the type: see {@linkcode defineEvent}. */
  constructor(definition: EventDefinition<T>, schema: JsonSchema) {
    this.name = definition.name;
    this.topic = definition.topic;
    this.key = definition.key;
    this.idField = definition.idField;
    this.timeField = definition.timeField;
    this.generate = definition.generate;
    this.references = definition.references ?? [];
    this.#kinds = definition.kinds ?? [];
    this.#validate = definition.validate;
    this.#schema = schema;
    this.schemaText = JSON.stringify(schema);
  }

  /** The fields that the schema names, in the schema's sequence. */
  get fields(): readonly string[] {
    const { properties } = this.#schema as Partial<ObjectSchema>;
    return Object.keys(properties ?? {});
  }

  /**
   * Finds a field that every event of this kind has, and none by another schema may have: nothing is an event by both.
   *
   * @param schemaText The other schema.
   * @returns The field's name; undefined if there is none, or it can't be told.
   */
  absentFrom(schemaText: string): string | undefined {
    const own = this.#schema as Partial<ObjectSchema>;
    const other: Partial<ObjectSchema> = JSON.parse(schemaText);
    if (
      own.type !== "object" || other.additionalProperties !== false ||
      // In older drafts, nothing counts beside a reference.
      own.$ref || other.$ref || other.patternProperties
    ) return undefined;
    const { properties = {} } = other;
    return own.required?.find((name) => !Object.hasOwn(properties, name));
  }

  /** Checks a value that is to be produced: by the schema, then by `validate`. An {@linkcode InvalidEventError} names all that is wrong. */
  check(value: unknown): T {
    this.#closed ??= this.#compile(FIRST_ERROR);
    const problem = this.#closed(value);
    if (problem !== undefined) {
      this.#thorough ??= this.#compile();
      throw this.#invalid(this.#thorough(value) ?? problem);
    }
    return this.checkByCode(value as T);
  }

  /** Checks a value by the schema alone. An {@linkcode InvalidEventError} names the first field that is wrong. */
  checkBySchema(value: unknown): T {
    this.#closed ??= this.#compile(FIRST_ERROR);
    return this.#valid(value, this.#closed);
  }

  /** Checks a value by the schema with unknown fields allowed, as a newer writer may have added some. */
  checkByOpenSchema(value: unknown): T {
    this.#open ??= this.#compile({ ...FIRST_ERROR, open: true });
    return this.#valid(value, this.#open);
  }

  /** Tells whether a value is an event by the schema with unknown fields allowed. */
  allows(value: unknown): value is T {
    this.#open ??= this.#compile({ ...FIRST_ERROR, open: true });
    return this.#open(value) === undefined;
  }

  /** Finds the kind of an event whose schema has the text, without white space, that it was written by; otherwise this one. */
  kindOf(writerSchemaText: string): EventType<T> {
    return this.#kinds.find(({ schemaText }) =>
      schemaText === writerSchemaText
    ) ?? this;
  }

  /** Checks an event by the definition's own `validate` alone. */
  checkByCode(event: T): T {
    const problem = this.#validate?.(event);
    if (problem !== undefined) throw this.#invalid(problem);
    return event;
  }

  #compile(
    options: Omit<CompileOptions, "references"> = {},
  ): SchemaCheck {
    const { references } = this;
    return compileSchema(this.#schema, { ...options, references });
  }

  #valid(value: unknown, check: SchemaCheck): T {
    const problem = check(value);
    if (problem !== undefined) throw this.#invalid(problem);
    return value as T;
  }

  #invalid(problem: string): InvalidEventError {
    return new InvalidEventError(`Not a valid ${this.name}: ${problem}`);
  }
}

/**
 * Defines a kind of event by its JSON Schema, of any draft from 4 to 2020-12. The events' type follows from the schema.
 *
 * @example
 * ```ts
 * import { defineEvent } from "./event_type.ts";
 *
 * const scans = defineEvent({
 *   name: "loyalty_scan",
 *   topic: "loyalty",
 *   schema: {
 *     type: "object",
 *     properties: { card_id: { type: "string" }, points: { type: "integer" } },
 *     required: ["card_id", "points"],
 *     additionalProperties: false,
 *   },
 *   key: (scan) => scan.card_id,
 * });
 * ```
 *
 * @param definition The name, the topic, the schema, and how a key is made.
 * @returns The kind of event.
 */
export function defineEvent<const S extends JsonSchema>(
  definition: EventDefinition<FromSchema<S>> & { readonly schema: S },
): EventType<FromSchema<S>>;
/**
 * Defines a kind of event whose type is written by hand, for a schema that is imported from a JSON file: TypeScript widens what it
 * imports, so that no type can follow from it.
 */
export function defineEvent<T>(
  definition: EventDefinition<T> & { readonly schema: JsonSchema },
): EventType<T>;
export function defineEvent<T>(
  { schema, ...definition }: EventDefinition<T> & {
    readonly schema: JsonSchema;
  },
): EventType<T> {
  return new EventType(definition, schema);
}

/** The type of the events of a kind: `EventOf<typeof scans>`. */
export type EventOf<Type> = Type extends EventType<infer T> ? T : never;
