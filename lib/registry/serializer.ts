/**
 * Events to message values and back, by the schemas in the registry.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { EventType } from "../events/event_type.ts";
import { refuseInexact } from "../events/exact_json.ts";
import {
  frame,
  HEADER_LENGTH,
  MAX_SCHEMA_ID,
  parsePayload,
  unframe,
} from "../events/wire_format.ts";
import type { EventRegistry } from "./registry.ts";
import type { SchemaCache } from "./schema_cache.ts";
import type { WriterSchema } from "./writer_schema.ts";

/** Which schema events are written by. */
export type SchemaChoice = "register" | "latest" | "existing";

/** Turns events into message values. Equals confluent-kafka's `JSONSerializer`. */
export class EventSerializer<T> {
  readonly #schemaId: number;
  readonly #check: (value: unknown) => T;
  readonly #latest: WriterSchema | undefined;

  private constructor(
    schemaId: number,
    check: (value: unknown) => T,
    latest?: WriterSchema,
  ) {
    this.#schemaId = schemaId;
    this.#check = check;
    this.#latest = latest;
  }

  /** Finds the schema to write by, under the subject `<topic>-value` (Confluent's TopicNameStrategy). */
  static async connect<T>(
    registry: EventRegistry,
    type: EventType<T>,
    options: { readonly topic: string; readonly schema: SchemaChoice },
  ): Promise<EventSerializer<T>> {
    const subject = `${options.topic}-value`;
    if (options.schema === "latest") {
      const { id } = await registry.latest(subject);
      return new EventSerializer(
        id,
        (value) => type.checkByCode(type.checkByOpenSchema(value)),
        await registry.schemas.fetched(id),
      );
    }
    const { schemaText, references } = type;
    const id = options.schema === "register"
      ? await registry.register(subject, schemaText, { references })
      : await registry.idOf(subject, schemaText, { references });
    return new EventSerializer(id, (value) => type.check(value));
  }

  /** Checks an event and encodes it. Numbers that readers can't keep exactly are not valid. */
  encode(event: unknown): { readonly value: Uint8Array; readonly event: T } {
    const checked = this.#check(event);
    const json = JSON.stringify(checked);
    refuseInexact(json, { value: checked });
    const value = frame(this.#schemaId, json);
    this.#latest?.check(checked, value.length - HEADER_LENGTH);
    return { value, event: checked };
  }
}

/** Turns message values into events. Equals confluent-kafka's `JSONDeserializer`. */
export class EventDeserializer<T> {
  readonly #schemas: Pick<SchemaCache, "cached" | "fetched">;
  readonly #type: EventType<T>;

  /** Makes a deserializer. Nothing is fetched before the first message. */
  constructor(
    schemas: Pick<SchemaCache, "cached" | "fetched">,
    type: EventType<T>,
  ) {
    this.#schemas = schemas;
    this.#type = type;
  }

  /**
   * Decodes a value and checks it: by the schema that its writer named, then by the event type's own, with unknown fields allowed.
   *
   * @returns The event; a promise of it if the writer's schema has to be fetched first.
   * @throws {InvalidEventError} If the value can't be read. A returned promise rejects instead.
   * @throws {OutageError} By the promise only: if the registry can't be reached.
   */
  decode(
    value: Uint8Array,
    schemaIdHeader?: Uint8Array | null,
  ): T | Promise<T> {
    const { schemaId, payload } = unframe(value, schemaIdHeader);
    if (typeof schemaId === "number" && schemaId > MAX_SCHEMA_ID) {
      throw new InvalidEventError(
        `No registry has a schema with the id ${schemaId}`,
      );
    }
    const schema = this.#schemas.cached(schemaId);
    return schema
      ? this.#read(schema, payload)
      : this.#schemas.fetched(schemaId)
        .then((fetched) => this.#read(fetched, payload));
  }

  /** Compiles the checks of a schema, which takes some milliseconds, before a message needs them. */
  async prepare(schemaId: number): Promise<void> {
    const schema = await this.#schemas.fetched(schemaId);
    this.#read(schema, new TextEncoder().encode("{}"));
  }

  #read(schema: WriterSchema, payload: Uint8Array): T {
    const value = parsePayload(payload);
    const type = this.#type.kindOf(schema.text);
    // The same text may refer to other versions of other schemas.
    if (schema.text === type.schemaText && type.references.length === 0) {
      return type.checkBySchema(value);
    }
    schema.check(value, payload.length);
    return type.checkByOpenSchema(value);
  }
}
