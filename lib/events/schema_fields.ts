/**
 * What a JSON Schema says of single fields: which types a field may have, and which fields there are.
 *
 * It reads what most schemas say in so many words. What it can't tell is left to the check of the whole event.
 *
 * @module
 */

import {
  Documents,
  isObject,
  type JsonObject,
} from "../base/json_schema/documents.ts";
import type { JsonSchema } from "./from_schema.ts";

/** The types of JSON: an integer is a number. */
const TYPES = [
  "null",
  "boolean",
  "number",
  "string",
  "array",
  "object",
] as const;

/** A type of JSON. */
export type JsonType = typeof TYPES[number];

/** What a field may hold. */
export interface FieldShape {
  readonly types: ReadonlySet<JsonType>;
  /** The only values that it may have; undefined if the schema lists none. */
  readonly values: readonly unknown[] | undefined;
}

/** How deep references are followed: one may lead back to itself. */
const MAX_DEPTH = 32;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fields that a schema names. */
export class SchemaFields {
  readonly #root: JsonSchema;
  #documents: Documents | undefined;

  constructor(schema: JsonSchema) {
    this.#root = schema;
  }

  get required(): readonly string[] {
    return this.#all(this.#root)
      .flatMap(({ required }) => listOf(required))
      .filter((name) => typeof name === "string");
  }

  /** Finds what a field may hold, by the names on the way to it from the event inwards; undefined if the schema names no such field. */
  find(path: readonly string[]): FieldShape | undefined {
    let schemas: readonly unknown[] = [this.#root];
    for (const name of path) {
      schemas = schemas.flatMap((schema) => this.#fieldsOf(schema, name));
    }
    if (schemas.length === 0) return undefined;
    return shapeOf(schemas.map((schema) => this.#shape(schema)));
  }

  /** The schemas that stand for a field in a schema and in all that it is made of. */
  #fieldsOf(schema: unknown, name: string): unknown[] {
    return this.#all(schema, ["allOf", "anyOf", "oneOf"]).flatMap((one) => {
      const { properties, patternProperties, additionalProperties } = one;
      if (isObject(properties) && Object.hasOwn(properties, name)) {
        return [properties[name]];
      }
      const patterns = Object.entries(patternProperties ?? {})
        .filter(([pattern]) => new RegExp(pattern, "u").test(name))
        .map(([, schema]) => schema);
      if (patterns.length > 0) return patterns;
      return isObject(additionalProperties) ? [additionalProperties] : [];
    });
  }

  /** A schema, and those that it refers to and is made of. */
  #all(
    schema: unknown,
    keywords: readonly string[] = ["allOf"],
    depth = 0,
  ): JsonObject[] {
    if (!isObject(schema) || depth > MAX_DEPTH) return [];
    const parts = keywords.flatMap((keyword) => listOf(schema[keyword]));
    const { $ref } = schema;
    if (typeof $ref === "string") parts.push(this.#resolve($ref));
    return [
      schema,
      ...parts.flatMap((part) => this.#all(part, keywords, depth + 1)),
    ];
  }

  #shape(schema: unknown, depth = 0): FieldShape {
    if (!isObject(schema) || depth > MAX_DEPTH) return ANY;
    const { type, $ref, anyOf, oneOf, allOf } = schema;
    const inner = (part: unknown) => this.#shape(part, depth + 1);
    const values = "const" in schema
      ? [schema["const"]]
      : Array.isArray(schema["enum"])
      ? schema["enum"]
      : undefined;
    const parts = listOf(allOf).map(inner);
    if (values) parts.push({ types: new Set(values.map(typeOf)), values });
    if (typeof $ref === "string") parts.push(inner(this.#resolve($ref)));
    for (const alternatives of [anyOf, oneOf]) {
      if (Array.isArray(alternatives)) {
        parts.push(shapeOf(alternatives.map(inner)));
      }
    }
    const named = [type].flat()
      .map((name) => name === "integer" ? "number" : name)
      .filter((name) => TYPES.some((known) => known === name));
    if (named.length > 0) {
      parts.push({ types: new Set(named as JsonType[]), values: undefined });
    }
    return parts.reduce(both, ANY);
  }

  /** The schema that a reference leads to; undefined if it leads out of this one. */
  #resolve(reference: string): unknown {
    try {
      this.#documents ??= new Documents(this.#root, new Map());
      return this.#documents.resolve(reference, this.#documents.root).schema;
    } catch {
      return undefined;
    }
  }
}

const ANY: FieldShape = { types: new Set(TYPES), values: undefined };

function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value as JsonType;
}

/** What one of several schemas allows. */
function shapeOf(shapes: readonly FieldShape[]): FieldShape {
  return {
    types: new Set(shapes.flatMap(({ types }) => [...types])),
    values: shapes.every(({ values }) => values)
      ? shapes.flatMap(({ values }) => values ?? [])
      : undefined,
  };
}

/** What two schemas allow together. */
function both(a: FieldShape, b: FieldShape): FieldShape {
  return {
    types: a.types.intersection(b.types),
    values: a.values ?? b.values,
  };
}
