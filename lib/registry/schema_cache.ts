/**
 * The schemas that messages name: each is fetched once, and an id that can't be used is not asked for again for a while.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { SchemaId } from "../events/wire_format.ts";
import type { WriterSchema } from "./writer_schema.ts";

const MAX_SCHEMAS_COUNT = 1_000;

/** How large the texts of the schemas that are kept may be together, in UTF-16 units. */
const MAX_SCHEMAS_LENGTH = 16 * 2 ** 20;

/**
 * How long an id that can't be used is not looked up again, in milliseconds: a flood of messages with a wrong id must not be a
 * flood of requests.
 */
const REFUSAL_TTL_MS = 5_000;

const MAX_REFUSALS_COUNT = 1_000;

/** The schemas that have been fetched. */
export class SchemaCache {
  readonly #fetch: (id: SchemaId) => Promise<WriterSchema>;
  readonly #schemas = new Map<SchemaId, WriterSchema>();
  #schemasLength = 0;
  readonly #lookUps = new Map<SchemaId, Promise<WriterSchema>>();
  readonly #refusals = new Map<
    SchemaId,
    { readonly error: InvalidEventError; readonly until: number }
  >();

  /** @param fetch Fetches a schema; an {@linkcode InvalidEventError} says that it can't be used. */
  constructor(fetch: (id: SchemaId) => Promise<WriterSchema>) {
    this.#fetch = fetch;
  }

  /** Finds a schema. Returns the schema; undefined if it has to be fetched. */
  cached(id: SchemaId): WriterSchema | undefined {
    return this.#schemas.get(id);
  }

  /** Finds a schema, or fetches it. It throws what fetching threw, now or a moment ago. */
  async fetched(id: SchemaId): Promise<WriterSchema> {
    const known = this.#schemas.get(id);
    if (known) return known;
    const refusal = this.#refusals.get(id);
    if (refusal && refusal.until > Date.now()) throw refusal.error;
    const pending = this.#lookUps.get(id);
    if (pending) return await pending;
    const lookUp = this.#fetch(id);
    this.#lookUps.set(id, lookUp);
    try {
      const schema = await lookUp;
      this.#keep(id, schema);
      return schema;
    } catch (error) {
      if (error instanceof InvalidEventError) this.#refuse(id, error);
      throw error;
    } finally {
      this.#lookUps.delete(id);
    }
  }

  /** Keeps a schema. The oldest have to leave when there are too many. */
  #keep(id: SchemaId, schema: WriterSchema): void {
    this.#schemas.set(id, schema);
    this.#schemasLength += schema.length;
    for (const [oldest, { length }] of this.#schemas) {
      if (
        this.#schemas.size <= MAX_SCHEMAS_COUNT &&
        this.#schemasLength <= MAX_SCHEMAS_LENGTH
      ) return;
      this.#schemas.delete(oldest);
      this.#schemasLength -= length;
    }
  }

  #refuse(id: SchemaId, error: InvalidEventError): void {
    // Removed first, so that the oldest stay at the map's front.
    this.#refusals.delete(id);
    this.#refusals.set(id, { error, until: Date.now() + REFUSAL_TTL_MS });
    if (this.#refusals.size > MAX_REFUSALS_COUNT) {
      const [oldest] = this.#refusals.keys();
      this.#refusals.delete(oldest as SchemaId);
    }
  }
}
