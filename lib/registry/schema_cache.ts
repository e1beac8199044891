/**
 * The schemas that messages name: each is fetched once, and an id that can't be used is not asked for again for a while.
 *
 * @module
 */

import { InvalidEventError } from "../base/errors.ts";
import type { SchemaId } from "../events/wire_format.ts";
import type { WriterSchema } from "./writer_schema.ts";

/** How many ids are remembered, with their schemas or as refused. */
const MAX_IDS_COUNT = 1_000;

/** How large the texts of the schemas that are kept may be together, in UTF-16 units. */
const MAX_SCHEMAS_LENGTH = 16 * 2 ** 20;

/**
 * How long an id that can't be used is not looked up again, in milliseconds: a flood of messages with a wrong id must not be a
 * flood of requests.
 */
const REFUSAL_TTL_MS = 5_000;

interface Entry {
  readonly lookUp: Promise<WriterSchema>;
  schema?: WriterSchema;
  /** Until when its failure is the answer, in milliseconds since the epoch. */
  refusedUntil?: number;
}

/** The schemas that have been fetched. */
export class SchemaCache {
  readonly #fetch: (id: SchemaId) => Promise<WriterSchema>;
  /** By id, the oldest first. */
  readonly #entries = new Map<SchemaId, Entry>();

  /** @param fetch Fetches a schema; an {@linkcode InvalidEventError} says that it can't be used. */
  constructor(fetch: (id: SchemaId) => Promise<WriterSchema>) {
    this.#fetch = fetch;
  }

  /** Finds a schema. Returns the schema; undefined if it has to be fetched. */
  cached(id: SchemaId): WriterSchema | undefined {
    return this.#entries.get(id)?.schema;
  }

  /** Finds a schema, or fetches it. It throws what fetching threw, now or a moment ago. */
  async fetched(id: SchemaId): Promise<WriterSchema> {
    const known = this.#entries.get(id);
    if (known && (known.refusedUntil ?? Infinity) > Date.now()) {
      return await known.lookUp;
    }
    const entry: Entry = { lookUp: this.#fetch(id) };
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    try {
      return entry.schema = await entry.lookUp;
    } catch (error) {
      if (error instanceof InvalidEventError) {
        entry.refusedUntil = Date.now() + REFUSAL_TTL_MS;
      } else this.#entries.delete(id);
      throw error;
    } finally {
      this.#makeRoom();
    }
  }

  #makeRoom(): void {
    let length = 0;
    for (const { schema } of this.#entries.values()) {
      length += schema?.length ?? 0;
    }
    for (const [oldest, { schema }] of this.#entries) {
      if (
        this.#entries.size <= MAX_IDS_COUNT && length <= MAX_SCHEMAS_LENGTH
      ) return;
      this.#entries.delete(oldest);
      length -= schema?.length ?? 0;
    }
  }
}
