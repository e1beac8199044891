/**
 * Kinds of events that are defined by nothing but a JSON Schema.
 *
 * @module
 */

import { messageOf, PipelineError } from "../base/errors.ts";
import {
  Documents,
  isObject,
  subschemas,
} from "../base/json_schema/documents.ts";
import { EventType } from "./event_type.ts";
import type { JsonSchema } from "./from_schema.ts";
import { compileSchema, type SchemaReference } from "./json_schema.ts";
import { SchemaFields } from "./schema_fields.ts";

/** A kind of event that a schema defines. */
export interface SchemaEventOptions {
  readonly name: string;
  readonly topic: string;
  /**
   * The field whose value is a message's key; `address.city` is the city within the address. By default: no key: an event may be in any
   * partition.
   */
  readonly keyField?: string | undefined;
  /** The schemas of other subjects that the schema refers to. */
  readonly references?: readonly SchemaReference[] | undefined;
}

/** The drafts that are known, as `$schema` names them. */
const DRAFT =
  /^https?:\/\/json-schema\.org\/(draft-0[467]|draft\/(2019-09|2020-12))\/schema#?$/;

/** What a schema has at least one of, unless it is empty. */
const KEYWORDS = ["$ref", "$schema", "allOf", "anyOf", "const", "enum", "oneOf"]
  .concat("properties", "type");

/**
 * Reads a JSON Schema.
 *
 * @param name What it is called in a message, such as the file that has it.
 * @returns The schema. What it refers to is not looked at.
 * @throws {PipelineError} If it isn't a JSON Schema, or one of a draft that is not known.
 */
export function parseSchema(text: string, name: string): JsonSchema {
  const notSchema = (reason: string, cause?: unknown) =>
    new PipelineError(`What ${name} holds is not a JSON Schema: ${reason}`, {
      cause,
    });
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (cause) {
    throw notSchema(messageOf(cause), cause);
  }
  if (typeof schema === "boolean") return schema;
  if (!isObject(schema)) {
    throw notSchema("it is neither an object nor a boolean");
  }
  const { $schema } = schema;
  if ($schema !== undefined && !DRAFT.test(String($schema))) {
    throw notSchema(
      `its "$schema" is none of the drafts 4, 6, 7, 2019-09 and 2020-12: ${
        JSON.stringify($schema)
      }`,
    );
  }
  const names = Object.keys(schema);
  if (names.length > 0 && !names.some((name) => KEYWORDS.includes(name))) {
    throw notSchema(`it has none of the keywords ${KEYWORDS.join(", ")}`);
  }
  return schema;
}

/** Finds what a schema refers to outside of itself. Returns the references without their fragments, each once. */
export function externalReferences(schema: JsonSchema): string[] {
  const documents = new Documents(schema, new Map());
  const found = new Set<string>();
  const open: unknown[] = [schema];
  for (const one of open) {
    if (!isObject(one)) continue;
    for (const [, inner] of subschemas(one)) open.push(inner);
    const { $ref } = one;
    const [uri = ""] = typeof $ref === "string" ? $ref.split("#", 1) : [];
    if (uri === "") continue;
    try {
      documents.resolve(uri, documents.owner(one) ?? documents.root);
    } catch {
      found.add(uri);
    }
  }
  return [...found];
}

/** Refuses a schema that refers to what is not there. */
export function refuseMissing(
  names: readonly string[],
  found: {
    readonly name: string;
    readonly references: readonly SchemaReference[];
  },
): void {
  const missing = names.filter((reference) =>
    !found.references.some(({ name }) => name === reference)
  );
  if (missing.length === 0) return;
  throw new PipelineError(
    `The schema of ${found.name} refers to ${
      missing.map((one) => `"${one}"`).join(", ")
    }, which is neither in it nor a subject of the registry`,
    { hint: "Nothing is fetched from elsewhere." },
  );
}

/** Makes a kind of event of a schema, unless that is not valid or has no such field for the key. Nothing else checks its events. */
export function schemaEvent(
  schema: JsonSchema,
  options: SchemaEventOptions,
): EventType<unknown> {
  const { name, topic, keyField, references = [] } = options;
  refuseMissing(externalReferences(schema), { name, references });
  try {
    compileSchema(schema, { references });
  } catch (cause) {
    throw new PipelineError(
      `The schema of ${name} is not valid: ${messageOf(cause)}`,
      { cause },
    );
  }
  const path = keyField?.split(".") ?? [];
  if (keyField !== undefined && !new SchemaFields(schema).find(path)) {
    throw new PipelineError(
      `The schema of ${name} has no field "${keyField}"`,
    );
  }
  const key = keyField === undefined
    ? () => null
    : (event: unknown) => keyOf(event, path);
  return new EventType({ name, topic, key, references }, schema);
}

/** The text of a field; `null` if the event doesn't have it, or if it is `null`. */
function keyOf(event: unknown, path: readonly string[]): string | null {
  let value = event;
  for (const name of path) {
    value = isObject(value) && Object.hasOwn(value, name)
      ? value[name]
      : undefined;
  }
  if (value === undefined || value === null) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
