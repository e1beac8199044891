/**
 * A registry's subjects: what they hold, what may be added, and at which compatibility level.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { mapSome } from "../base/map_some.ts";
import type { WaitOptions } from "../base/retry.ts";
import { closestTo } from "../base/suggestion.ts";
import { externalReferences, refuseMissing } from "../events/schema_event.ts";
import {
  EventRegistry,
  schemaBody,
  strangeAnswer,
} from "../registry/registry.ts";
import {
  RegistryResponseError,
  requestRegistry,
} from "../registry/transport.ts";
import type { Config } from "../settings/config.ts";
import {
  explainFinding,
  type Finding,
  type Incompatibility,
  readVerboseMessages,
} from "./incompatibility.ts";

/** The compatibility levels that registries know. */
export const COMPATIBILITY_LEVELS = [
  "NONE",
  "BACKWARD",
  "BACKWARD_TRANSITIVE",
  "FORWARD",
  "FORWARD_TRANSITIVE",
  "FULL",
  "FULL_TRANSITIVE",
] as const;

/** A version of a subject's schema. */
export interface SchemaVersion {
  /** The subject, such as `demo-value`. */
  readonly subject: string;
  readonly version: number;
  /** The id that messages carry. */
  readonly id: number;
  /** `JSON`, `AVRO` or `PROTOBUF`. */
  readonly type: string;
  readonly schema: string;
}

/** What a registry has of a subject. */
export interface SubjectSummary {
  readonly versions: readonly number[];
  readonly latest: SchemaVersion;
  readonly level: string;
}

/** Whether a schema may be added to a subject. */
export interface Compatibility {
  readonly level: string;
  /** The subject's newest version; undefined if it has none. */
  readonly latest: SchemaVersion | undefined;
  /** The version that has this very schema; undefined if there is none. */
  readonly registered: SchemaVersion | undefined;
  readonly compatible: boolean;
  /** Why not. It may be empty: not every registry gives reasons. */
  readonly incompatibilities: readonly Incompatibility[];
}

/** How many versions of a subject {@linkcode SchemaCatalog.history} reads. */
const MAX_HISTORY = 100;

/** Where Apicurio has Confluent's API, and its own. */
const APICURIO = ["/apis/ccompat/v7", "/apis/registry/v3"] as const;

/** A registry's subjects. */
export class SchemaCatalog {
  readonly #registry: EventRegistry;

  constructor(registry: EventRegistry) {
    this.#registry = registry;
  }

  static async connect(
    config: Config,
    options: WaitOptions = {},
  ): Promise<SchemaCatalog> {
    return new SchemaCatalog(await EventRegistry.connect(config, options));
  }

  /** Lists the subjects. Returns what the registry has of each, by name. */
  async list(): Promise<SubjectSummary[]> {
    return await mapSome(await this.#subjects(), async (subject) => {
      const [versions, latest, level] = await Promise.all([
        this.#versions(subject),
        this.show(subject),
        this.level(subject),
      ]);
      return { versions, latest, level };
    });
  }

  /**
   * Reads a version of a subject's schema.
   *
   * @throws {PipelineError} If the registry doesn't have it.
   */
  async show(
    subject: string,
    version: number | "latest" = "latest",
  ): Promise<SchemaVersion> {
    const found = await this.#find(subject, version);
    if (found) return found;
    const what = version === "latest" ? "schema" : `version ${version}`;
    const meant = closestTo(subject, await this.#subjects());
    throw new PipelineError(
      `The registry has no ${what} of the subject "${subject}"`,
      meant === undefined || meant === subject
        ? {}
        : { hint: `Did you mean "${meant}"?` },
    );
  }

  async #subjects(): Promise<string[]> {
    const subjects = await this.#request("get", "/subjects");
    if (isListOf(subjects, "string")) return subjects.sort();
    throw strangeAnswer(this.#registry.url, "its subjects");
  }

  /** Reads the newest versions of a subject's schema, the oldest first; none if there is no such subject. */
  async history(subject: string): Promise<SchemaVersion[]> {
    try {
      const newest = (await this.#versions(subject)).slice(-MAX_HISTORY);
      return await mapSome(newest, (version) => this.show(subject, version));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** Finds the subjects that have a schema, each with its version there. */
  async uses(
    id: number,
  ): Promise<Pick<SchemaVersion, "subject" | "version">[]> {
    const uses = await this.#request("get", `/schemas/ids/${id}/versions`);
    if (Array.isArray(uses) && uses.every(isUse)) return uses;
    throw strangeAnswer(this.#registry.url, `the subjects of schema ${id}`);
  }

  /** Asks whether a schema may be added to a subject, and why not. */
  async check(subject: string, schema: string): Promise<Compatibility> {
    const body = await this.#schemaBody(subject, schema);
    const [level, latest, registered] = await Promise.all([
      this.level(subject),
      this.#find(subject, "latest"),
      this.#registered(subject, body),
    ]);
    const known = { level, latest, registered };
    if (!latest || registered) {
      return { ...known, compatible: true, incompatibilities: [] };
    }
    const versions = level.endsWith("_TRANSITIVE")
      ? "versions"
      : "versions/latest";
    const answer = await this.#request(
      "post",
      `/compatibility/subjects/${
        encodeURIComponent(subject)
      }/${versions}?verbose=true`,
      body,
    ) as { readonly is_compatible: boolean; readonly messages?: string[] };
    const compatible = answer.is_compatible === true;
    const findings = compatible
      ? []
      : answer.messages
      ? readVerboseMessages(answer.messages)
      : await this.#askApicurio(subject, schema);
    const schemas = {
      checked: { name: "the new schema", schema },
      existing: { name: `version ${latest.version}`, schema: latest.schema },
    };
    return {
      ...known,
      compatible,
      incompatibilities: findings.flatMap((finding) =>
        explainFinding(finding, schemas, level)
      ),
    };
  }

  /** Adds a schema to a subject, or finds the version that has it. */
  async register(subject: string, schema: string): Promise<SchemaVersion> {
    const body = await this.#schemaBody(subject, schema);
    await this.#registry.register(subject, schema, body);
    return await this.#registered(subject, body) ?? await this.show(subject);
  }

  /** Reads a compatibility level; without a subject, that of subjects that have none of their own. */
  async level(subject?: string): Promise<string> {
    try {
      const { compatibilityLevel } = Object(
        await this.#request(
          "get",
          subject === undefined
            ? "/config"
            : `/config/${encodeURIComponent(subject)}?defaultToGlobal=true`,
        ),
      );
      if (typeof compatibilityLevel === "string") return compatibilityLevel;
      throw strangeAnswer(this.#registry.url, "a compatibility level");
    } catch (error) {
      if (subject === undefined || !isMissing(error)) throw error;
      return await this.level();
    }
  }

  /** Sets a compatibility level; without a subject, for all subjects that have none of their own. */
  async setLevel(level: string, subject?: string): Promise<void> {
    const path = subject === undefined
      ? "/config"
      : `/config/${encodeURIComponent(subject)}`;
    await this.#request("put", path, { compatibility: level });
  }

  async #versions(subject: string): Promise<number[]> {
    const versions = await this.#request(
      "get",
      `/subjects/${encodeURIComponent(subject)}/versions`,
    );
    if (isListOf(versions, "number")) return versions;
    throw strangeAnswer(this.#registry.url, `the versions of ${subject}`);
  }

  async #find(
    subject: string,
    version: number | "latest",
  ): Promise<SchemaVersion | undefined> {
    return await this.#unlessMissing(() =>
      this.#request(
        "get",
        `/subjects/${encodeURIComponent(subject)}/versions/${version}`,
      )
    );
  }

  async #registered(
    subject: string,
    body: unknown,
  ): Promise<SchemaVersion | undefined> {
    return await this.#unlessMissing(() =>
      this.#request("post", `/subjects/${encodeURIComponent(subject)}`, body)
    );
  }

  /** Makes the body of a request about a schema, with the subjects that it refers to. */
  async #schemaBody(subject: string, schema: string) {
    const names = externalReferences(JSON.parse(schema));
    const references = await this.#registry.references(names);
    refuseMissing(names, { name: subject, references });
    return schemaBody(schema, { references });
  }

  async #unlessMissing(
    request: () => Promise<unknown>,
  ): Promise<SchemaVersion | undefined> {
    try {
      const found = await request();
      if (isSchemaVersion(found)) {
        const { subject, version, id, schema, schemaType = "AVRO" } = found;
        return { subject, version, id, type: schemaType, schema };
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    throw strangeAnswer(this.#registry.url, "a version of a schema");
  }

  /** Apicurio answers a check with yes or no; only its own API gives reasons, to a registration that is only tried. */
  async #askApicurio(subject: string, schema: string): Promise<Finding[]> {
    const { url, access } = this.#registry;
    const [confluents, own] = APICURIO;
    if (!url.endsWith(confluents)) return [];
    try {
      await requestRegistry(
        "post",
        `${url.slice(0, -confluents.length)}${own}/groups/default/artifacts/${
          encodeURIComponent(subject)
        }/versions?dryRun=true`,
        {
          access,
          body: JSON.stringify({
            content: { content: schema, contentType: "application/json" },
          }),
        },
      );
      return [];
    } catch (error) {
      if (!(error instanceof RegistryResponseError)) throw error;
      return readDiffTypes(error.answer);
    }
  }

  async #request(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<unknown> {
    const { url, access } = this.#registry;
    return await requestRegistry(method, `${url}${path}`, {
      access,
      body: JSON.stringify(body),
    });
  }
}

/** What Apicurio 3.3 calls some differences in a sentence. Of all others it writes the name in small letters, with spaces. */
const SENTENCES: Readonly<Record<string, string>> = {
  "A new required property was added":
    "OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_ADDED",
  "A required property was removed":
    "OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_REMOVED",
  "Additional properties are now allowed":
    "OBJECT_TYPE_ADDITIONAL_PROPERTIES_FALSE_TO_TRUE",
  "Additional properties are no longer allowed":
    "OBJECT_TYPE_ADDITIONAL_PROPERTIES_TRUE_TO_FALSE",
  "The value must now be an integer":
    "NUMBER_TYPE_INTEGER_REQUIRED_FALSE_TO_TRUE",
  "The value is no longer required to be an integer":
    "NUMBER_TYPE_INTEGER_REQUIRED_TRUE_TO_FALSE",
};

/**
 * Reads Apicurio's list of differences: `… diff types: [STRING_TYPE_MAX_LENGTH_ADDED at /properties/name/maxLength, …]`; since 3.3 `…
 * diff types: [String type max length added at …]`.
 */
export function readDiffTypes(text: string): Finding[] {
  return [...text.matchAll(/([A-Z][A-Za-z_ ]+) at (\/[^\s,\]"]*)/g)]
    .map(([, name = "", pointer = ""]) => ({
      rule: SENTENCES[name] ?? name.toUpperCase().replaceAll(" ", "_"),
      pointer,
    }))
    .filter((finding, index, all) =>
      all.findIndex(({ rule, pointer }) =>
        rule === finding.rule && pointer === finding.pointer
      ) === index
    );
}

function isListOf<K extends "string" | "number">(
  value: unknown,
  kind: K,
): value is (K extends "string" ? string : number)[] {
  return Array.isArray(value) && value.every((each) => typeof each === kind);
}

function isSchemaVersion(value: unknown): value is
  & Omit<SchemaVersion, "type">
  & { readonly schemaType?: string } {
  if (typeof value !== "object" || value === null) return false;
  const { subject, version, id, schema, schemaType = "" } = value as Record<
    string,
    unknown
  >;
  return typeof subject === "string" && typeof version === "number" &&
    typeof id === "number" && typeof schema === "string" &&
    typeof schemaType === "string";
}

function isUse(
  value: unknown,
): value is Pick<SchemaVersion, "subject" | "version"> {
  const { subject, version } = Object(value);
  return typeof subject === "string" && typeof version === "number";
}

function isMissing(error: unknown): boolean {
  return error instanceof RegistryResponseError && error.status === 404;
}
