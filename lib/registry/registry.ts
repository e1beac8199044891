/**
 * The Schema Registry: finds its API, registers schemas, and looks schemas up by what a message says of its own.
 *
 * Works with any registry that has Confluent's API. Paths and encoding are those of `@kafkajs/confluent-schema-registry`. Its
 * `register` and `decode` are not used: the first changes a subject's compatibility level, the second can't tell an outage from
 * bad data.
 *
 * @module
 */

import type { SchemaRegistryAPIClient as Client } from "npm:@kafkajs/confluent-schema-registry@4.1.0/dist/api/index.js";
import type { SchemaReference } from "../events/json_schema.ts";
import type { SchemaId } from "../events/wire_format.ts";
import type { Config } from "../settings/config.ts";
import {
  InvalidEventError,
  OutageError,
  PipelineError,
} from "../base/errors.ts";
import { waitFor, type WaitOptions } from "../base/retry.ts";
import { MAX_SCHEMA_ID } from "../events/wire_format.ts";
import { RegistryAccess } from "./access.ts";
import {
  fetchMiddleware,
  OversizedAnswerError,
  RegistryResponseError,
  requestRegistry,
} from "./transport.ts";
import { SchemaCache } from "./schema_cache.ts";
import {
  compileWriterSchema,
  unusable,
  type WriterSchema,
} from "./writer_schema.ts";

/** Where Confluent's API may be below a URL without a path: at the root, or where Apicurio has it. */
const BASE_PATHS = ["", "/apis/ccompat/v7"] as const;

/** How many schemas a schema may refer to, directly and indirectly. */
const MAX_REFERENCES_COUNT = 100;

/** How large these may be together, in UTF-16 units. */
const MAX_REFERENCES_LENGTH = 8 * 2 ** 20;

/** How long it may take to fetch a schema with its references, in milliseconds. A stop waits for it. */
const LOOK_UP_TIMEOUT_MS = 5_000;

/** The registry's own codes for a subject, a version and a schema that it doesn't have. */
const UNKNOWN_CODES: readonly (number | undefined)[] = [40401, 40402, 40403];

interface SchemaResponse {
  readonly schema: string;
  readonly schemaType?: string;
  readonly references?: readonly ReferencePlace[] | null;
}

interface VersionResponse extends SchemaResponse {
  readonly id: number;
  readonly version: number;
}

/** Where the registry has a schema that another one refers to. */
type ReferencePlace = Pick<SchemaReference, "name" | "subject" | "version">;

interface SchemaBodyOptions {
  readonly references?: readonly ReferencePlace[];
}

/** A schema of a subject. */
export interface RegisteredSchema {
  /** The id under which the registry has it. */
  readonly id: number;
  readonly schema: string;
}

/** A connection to the registry. */
export class EventRegistry {
  readonly #client: Client;
  readonly access: RegistryAccess;
  /** The schemas that messages name. */
  readonly schemas = new SchemaCache((id) => this.#fetch(id));
  /** The URL of Confluent's API, its path included. */
  readonly url: string;

  private constructor(url: string, access: RegistryAccess, client: Client) {
    this.url = url;
    this.access = access;
    this.#client = client;
  }

  /**
   * Finds the registry's API, and tries again until it answers or the time is up.
   *
   * @throws {OutageError} If the registry can't be reached in time.
   * @throws {PipelineError} If what answers is not a Schema Registry.
   */
  static async connect(
    config: Config,
    options: WaitOptions = {},
  ): Promise<EventRegistry> {
    const access = new RegistryAccess(config.security?.registry);
    const url = await waitFor(
      `the Schema Registry at ${config.registryUrl}`,
      () => findApi(config.registryUrl, access),
      options,
    );
    // Its client alone: Avro and Protobuf take 40 ms and 8 MiB more to load.
    const { default: api } = await import(
      "npm:@kafkajs/confluent-schema-registry@4.1.0/dist/api/index.js"
    );
    const client = api.default({
      host: url,
      clientId: "cafe-event-pipeline",
      retry: { retries: 0 },
      middlewares: [fetchMiddleware(access)],
    });
    return new EventRegistry(url, access, client);
  }

  /** Registers a JSON Schema, or finds its id if the subject has it already, as confluent-kafka's serializer does. */
  async register(
    subject: string,
    schema: string,
    options: SchemaBodyOptions = {},
  ): Promise<number> {
    const body = schemaBody(schema, options);
    try {
      const answer = await this.#client.Subject.register({ subject, body });
      return idIn(answer.data()) ?? this.#strange("a schema to be registered");
    } catch (error) {
      if (!(error instanceof RegistryResponseError)) throw error;
      throw explainRefusal(error, subject);
    }
  }

  /** Finds a subject's latest schema. It throws if there is none, or it is not a JSON Schema. */
  async latest(subject: string): Promise<RegisteredSchema> {
    const answer = await this.#latestVersion(subject);
    if (!answer) {
      throw new PipelineError(
        `The registry has no schema for the subject "${subject}"`,
        { code: "schema-missing" },
      );
    }
    const id = idIn(answer);
    if (id === undefined || typeof answer.schema !== "string") {
      return this.#strange(`the latest schema of the subject "${subject}"`);
    }
    const type = typeOf(answer);
    if (type === "JSON") return { id, schema: answer.schema };
    throw new PipelineError(
      `The latest schema of the subject "${subject}" is of type ${type}, and not a JSON Schema`,
    );
  }

  /** Finds the id of a subject's schema, and registers nothing. It throws if the subject doesn't have the schema. */
  async idOf(
    subject: string,
    schema: string,
    options: SchemaBodyOptions = {},
  ): Promise<number> {
    const body = schemaBody(schema, options);
    try {
      const answer = await this.#client.Subject.registered({ subject, body });
      return idIn(answer.data()) ?? this.#strange("a registered schema");
    } catch (cause) {
      if (!isUnknown(cause)) throw cause;
      throw new PipelineError(
        `The schema is not registered for the subject "${subject}"`,
        { cause, code: "schema-missing" },
      );
    }
  }

  /** Finds schemas by the names of their subjects: the latest of each. Names that no subject has are left out. */
  async references(names: readonly string[]): Promise<SchemaReference[]> {
    const found = await Promise.all(names.map(async (name) => {
      const answer = await this.#latestVersion(name);
      if (!answer) return undefined;
      const { id, version, schema } = answer;
      const references = await this.#references(answer, id);
      return {
        name,
        subject: name,
        version,
        schema: JSON.parse(schema),
        references: [...references].map(([name, text]) => ({
          name,
          schema: JSON.parse(text),
        })),
      };
    }));
    return found.filter((reference) => reference !== undefined);
  }

  /** Asks for a subject's latest schema; undefined if the registry has none. */
  async #latestVersion(subject: string): Promise<VersionResponse | undefined> {
    try {
      const { Subject } = this.#client;
      return (await Subject.latestVersion({ subject })).data();
    } catch (error) {
      if (isUnknown(error)) return undefined;
      throw error;
    }
  }

  async #fetch(id: SchemaId): Promise<WriterSchema> {
    try {
      const found = await this.#find(id);
      if (typeof found?.schema !== "string") {
        return this.#strange(`the schema ${id}`);
      }
      const type = typeOf(found);
      if (type !== "JSON") {
        throw new InvalidEventError(
          `Schema ${id} is of type ${type}, and not a JSON Schema`,
        );
      }
      const references = await this.#references(found, id);
      return compileWriterSchema(found.schema, { id, references });
    } catch (cause) {
      if (isUnknown(cause)) {
        throw new InvalidEventError(
          `The registry has no schema with the id ${id}`,
          { cause },
        );
      }
      throw cause instanceof OversizedAnswerError ? unusable(id, cause) : cause;
    }
  }

  async #find(id: SchemaId): Promise<SchemaResponse> {
    if (typeof id === "number") {
      return (await this.#client.Schema.find({ id })).data();
    }
    try {
      return await requestRegistry("get", `${this.url}/schemas/guids/${id}`, {
        access: this.access,
      }) as SchemaResponse;
    } catch (cause) {
      const isRefusal = cause instanceof RegistryResponseError;
      if (!isRefusal || cause.status !== 404 || isUnknown(cause)) throw cause;
      throw new InvalidEventError(
        `The message names its schema by the GUID ${id}, and this registry knows no GUIDs`,
        { cause },
      );
    }
  }

  /** Fetches what a schema refers to, and what that refers to, level by level. */
  async #references(
    schema: SchemaResponse,
    id: SchemaId,
  ): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    const deadline = Date.now() + LOOK_UP_TIMEOUT_MS;
    let length = 0;
    let level = referencesOf(schema, id);
    while (level.length > 0) {
      const open = new Map(level.map((place) => [place.name, place]));
      for (const name of texts.keys()) open.delete(name);
      if (texts.size + open.size > MAX_REFERENCES_COUNT) {
        throw unusable(
          id,
          `it refers to more than ${MAX_REFERENCES_COUNT} schemas`,
        );
      }
      if (Date.now() > deadline) {
        throw new OutageError(
          `The Schema Registry takes longer than ${LOOK_UP_TIMEOUT_MS} ms to answer for schema ${id} and its references`,
        );
      }
      const answers = await Promise.all(
        open.values().map((place) => this.#reference(place, id)),
      );
      for (const { name, schema } of answers) {
        texts.set(name, schema);
        length += schema.length;
      }
      if (length > MAX_REFERENCES_LENGTH) {
        throw unusable(
          id,
          `what it refers to is longer than ${MAX_REFERENCES_LENGTH} characters`,
        );
      }
      level = answers.flatMap((answer) => referencesOf(answer, id));
    }
    return texts;
  }

  async #reference(
    { name, subject, version }: ReferencePlace,
    id: SchemaId,
  ): Promise<SchemaResponse & { readonly name: string }> {
    const what = `version ${version} of the subject "${subject}"`;
    try {
      const { Subject } = this.#client;
      const found = (await Subject.version({ subject, version }))
        .data<SchemaResponse | null>();
      return typeof found?.schema === "string"
        ? { ...found, name }
        : this.#strange(what);
    } catch (cause) {
      if (!isUnknown(cause)) throw cause;
      const reason = `it refers to ${what}, which the registry doesn't have`;
      throw unusable(id, new PipelineError(reason, { cause }));
    }
  }

  #strange(what: string): never {
    throw strangeAnswer(this.url, what);
  }
}

/** Makes the error for an answer that has another form than a registry's: a proxy, or another server, may have given it. */
export function strangeAnswer(url: string, what: string): PipelineError {
  return new PipelineError(
    `What ${url} answers for ${what} is not what a Schema Registry answers`,
    { code: "answer-not-registry" },
  );
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
      // The API is there and denies this request. It may allow those that follow.
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

/** Any other 404 comes from a wrong URL or a proxy, and says nothing of the id. */
function isUnknown(error: unknown): error is RegistryResponseError {
  return error instanceof RegistryResponseError &&
    UNKNOWN_CODES.includes(error.errorCode);
}

function idIn(answer: unknown): number | undefined {
  const { id }: { readonly id?: unknown } = Object(answer);
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0) {
    return undefined;
  }
  if (id <= MAX_SCHEMA_ID) return id;
  throw new PipelineError(
    `The Schema Registry answers with the schema id ${id}, and the largest is ${MAX_SCHEMA_ID}`,
  );
}

/** Makes the body of a request about a schema. */
export function schemaBody(
  schema: string,
  { references = [] }: SchemaBodyOptions = {},
): {
  readonly schemaType: "JSON";
  readonly schema: string;
  readonly references?: readonly ReferencePlace[];
} {
  return {
    schemaType: "JSON",
    schema,
    ...(references.length > 0 && {
      references: references.map(({ name, subject, version }) => ({
        name,
        subject,
        version,
      })),
    }),
  };
}

/** The API leaves the type out if it is Avro. */
function typeOf({ schemaType = "AVRO" }: SchemaResponse): string {
  return schemaType;
}

function referencesOf(
  schema: SchemaResponse,
  id: SchemaId,
): readonly ReferencePlace[] {
  const references = schema.references ?? [];
  const isReference = (one: Partial<ReferencePlace> | null) =>
    typeof one?.name === "string" && typeof one.subject === "string" &&
    typeof one.version === "number";
  if (Array.isArray(references) && references.every(isReference)) {
    return references;
  }
  throw unusable(id, "its references are not a list of names and versions");
}

function explainRefusal(
  error: RegistryResponseError,
  subject: string,
): PipelineError {
  const hints: Record<number, string> = {
    409:
      "The subject already has a schema that this one is not compatible with. " +
      "If that one is of another kind of event, send these to a topic of their own; " +
      "otherwise change the schema, or the subject's compatibility level.",
    422: "The registry can't read the schema.",
  };
  return new PipelineError(
    `The Schema Registry refuses the schema for ${subject} (HTTP ${error.status}): ${error.reason}`,
    {
      cause: error,
      hint: hints[error.status] ?? error.hint ?? "",
      code: error.status === 409 ? "schema-incompatible" : undefined,
    },
  );
}
