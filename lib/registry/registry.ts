/**
 * The Schema Registry: finding its API, registering a subject's schema, and looking schemas up by id.
 *
 * Works on any registry with Confluent's API. Paths, encoding and headers are `@kafkajs/confluent-schema-registry`'s; its own
 * `register` and `decode` are passed by, since the first refuses, or changes, a subject's compatibility setting and the second
 * can't tell an outage from bad data.
 *
 * @module
 */

import type { SchemaRegistry as Client } from "@kafkajs/confluent-schema-registry";
import type { Config } from "../settings/config.ts";
import {
  InvalidEventError,
  OutageError,
  PipelineError,
} from "../base/errors.ts";

import { waitFor, type WaitOptions } from "../base/retry.ts";
import { RegistryAccess } from "./access.ts";
import {
  fetchMiddleware,
  RegistryResponseError,
  requestRegistry,
} from "./transport.ts";
import { compileWriterSchema, type WriterSchema } from "./writer_schema.ts";

/** Where Confluent's API may be below a URL with no path: at the root, or where Apicurio has it. */
const BASE_PATHS = ["", "/apis/ccompat/v7"] as const;

/**
 * How long an id that the registry doesn't know is not asked for again, in milliseconds, so that a flood of messages with a
 * wrong id is not a flood of requests.
 */
const UNKNOWN_ID_TTL_MS = 5_000;

interface SchemaResponse {
  readonly schema: string;
  readonly schemaType?: string;
  readonly references?: readonly SchemaReference[];
}

interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

async function findApi(url: string, access: RegistryAccess): Promise<string> {
  const paths = new URL(url).pathname === "/" ? BASE_PATHS : [""];
  for (const path of paths) {
    try {
      const types = await requestRegistry(
        "get",
        `${url}${path}/schemas/types`,
        { access },
      );
      if (Array.isArray(types)) return url + path;
    } catch (error) {
      if (!(error instanceof RegistryResponseError)) throw error;
      // It is there, and says no to this question; to those that follow it may say yes.
      if (error.status === 403) return url + path;
      if (error.status !== 404 && error.status !== 405) throw error;
    }
  }
  throw new PipelineError(`What answers at ${url} is not a Schema Registry`, {
    code: "answer-not-registry",
    hint: paths.length > 1
      ? "Neither the root nor /apis/ccompat/v7 has Confluent's API."
      : "Its path has not Confluent's API. Without a path, the usual ones are tried.",
  });
}

/** A connection to the registry. */
export class EventRegistry {
  readonly #client: Client;
  readonly #schemas = new Map<number, WriterSchema>();
  readonly #lookUps = new Map<number, Promise<WriterSchema>>();
  readonly #unknown = new Map<number, number>();
  /** The URL of Confluent's API, its path included. */
  readonly url: string;

  private constructor(client: Client, url: string) {
    this.#client = client;
    this.url = url;
  }

  /**
   * Finds the registry's API, trying again until it answers or the time is up.
   *
   * @param config Where the registry is.
   * @param options How long to try, and whom to tell.
   * @returns The connection.
   * @throws {OutageError} If it can't be reached in time.
   * @throws {PipelineError} If what answers is no Schema Registry.
   */
  static async connect(
    config: Config,
    options: WaitOptions = {},
  ): Promise<EventRegistry> {
    const access = new RegistryAccess(config.security?.registry);
    const url = await waitFor(
      `the Schema Registry at ${config.registryUrl}`,
      () => findApi(config.registryUrl, access),
      { ...options, isOutage: (error) => error instanceof OutageError },
    );
    const { SchemaRegistry } = await import(
      "@kafkajs/confluent-schema-registry"
    );
    const client = new SchemaRegistry({
      host: url,
      clientId: "cafe-event-pipeline",
      retry: { retries: 0 },
      middlewares: [fetchMiddleware(access)],
    });
    return new EventRegistry(client, url);
  }

  /**
   * Registers a JSON Schema, as confluent-kafka's serializer does: where the subject has it already, this finds its id.
   *
   * @param subject The subject, such as `demo-value`.
   * @param schema The schema's text.
   * @returns The schema's id.
   * @throws {OutageError} If the registry can't be reached.
   * @throws {PipelineError} If it refuses the schema.
   */
  async register(subject: string, schema: string): Promise<number> {
    const body = { schemaType: "JSON", schema };
    try {
      const response = await this.#client["api"].Subject.register({
        subject,
        body,
      });
      return registeredId(response.data(), this.url);
    } catch (error) {
      if (!(error instanceof RegistryResponseError)) throw error;
      throw explainRefusal(error, subject);
    }
  }

  /**
   * Looks a schema up among those that were fetched already.
   *
   * @param id The id in a message.
   * @returns The schema; nothing where it has to be fetched first.
   */
  cached(id: number): WriterSchema | undefined {
    return this.#schemas.get(id);
  }

  /**
   * Looks a schema up, and keeps it: what an id stands for never changes.
   *
   * @param id The id in a message.
   * @returns The schema.
   * @throws {InvalidEventError} If the registry has no such id, or what it has is no JSON Schema that can be used.
   * @throws {OutageError} If the registry can't be reached.
   */
  async writerSchema(id: number): Promise<WriterSchema> {
    const known = this.#schemas.get(id);
    if (known) return known;
    if ((this.#unknown.get(id) ?? 0) > Date.now()) throw unknownId(id);
    const lookUp = this.#lookUps.get(id) ?? this.#fetch(id);
    this.#lookUps.set(id, lookUp);
    try {
      const schema = await lookUp;
      this.#schemas.set(id, schema);
      return schema;
    } finally {
      this.#lookUps.delete(id);
    }
  }

  async #fetch(id: number): Promise<WriterSchema> {
    let found: SchemaResponse;
    try {
      found = (await this.#client["api"].Schema.find({ id })).data();
    } catch (error) {
      if (!isUnknown(error)) throw error;
      for (const [old, until] of this.#unknown) {
        if (until <= Date.now()) this.#unknown.delete(old);
      }
      this.#unknown.set(id, Date.now() + UNKNOWN_ID_TTL_MS);
      throw unknownId(id, error);
    }
    if (typeof found?.schema !== "string") {
      throw strangeAnswer(this.url, `the schema with the id ${id}`);
    }
    // The API leaves the type out where it is Avro.
    const type = found.schemaType ?? "AVRO";
    if (type !== "JSON") {
      throw new InvalidEventError(
        `Schema ${id} is of type ${type}, and not a JSON Schema`,
      );
    }
    const references = await this.#references(found.references ?? []);
    return await compileWriterSchema(id, found.schema, references);
  }

  async #references(
    references: readonly SchemaReference[],
    found = new Map<string, string>(),
  ): Promise<Map<string, string>> {
    for (const { name, subject, version } of references) {
      if (found.has(name)) continue;
      const referenced = await this.#reference(subject, version);
      found.set(name, referenced.schema);
      await this.#references(referenced.references ?? [], found);
    }
    return found;
  }

  async #reference(subject: string, version: number): Promise<SchemaResponse> {
    try {
      const { Subject } = this.#client["api"];
      return (await Subject.version({ subject, version })).data();
    } catch (error) {
      if (!isUnknown(error)) throw error;
      throw new InvalidEventError(
        `The registry has not version ${version} of ${subject}, to which a schema refers`,
        { cause: error },
      );
    }
  }
}

/** The registry's own codes for a subject, a version and a schema that it doesn't have. */
const UNKNOWN_CODES: readonly (number | undefined)[] = [40401, 40402, 40403];

/** Any other 404 is a wrong URL or a proxy's: it says nothing of the id. */
function isUnknown(error: unknown): error is RegistryResponseError {
  return error instanceof RegistryResponseError &&
    UNKNOWN_CODES.includes(error.errorCode);
}

function registeredId(answer: unknown, url: string): number {
  const id = typeof answer === "object" && answer !== null && "id" in answer
    ? answer.id
    : undefined;
  if (typeof id === "number" && Number.isInteger(id) && id >= 0) return id;
  throw strangeAnswer(url, "a schema that it was to register");
}

function strangeAnswer(url: string, what: string): PipelineError {
  return new PipelineError(
    `What ${url} answers for ${what} is not what a Schema Registry answers`,
    { code: "answer-not-registry" },
  );
}

function unknownId(id: number, cause?: unknown): InvalidEventError {
  return new InvalidEventError(`The registry has no schema with the id ${id}`, {
    cause,
  });
}

function explainRefusal(
  error: RegistryResponseError,
  subject: string,
): PipelineError {
  const hints: Record<number, string> = {
    409:
      "The subject already has a schema that this one is not compatible with. " +
      "Change the schema, or the subject's compatibility level.",
    422:
      "The registry can't read the schema. Check schemas/customer_event.schema.json.",
  };
  return new PipelineError(
    `The Schema Registry refuses the schema for ${subject} (HTTP ${error.status}): ${error.reason}`,
    { cause: error, hint: hints[error.status] ?? error.hint ?? "" },
  );
}
