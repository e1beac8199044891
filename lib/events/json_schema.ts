/**
 * Checks of values against a JSON Schema of the program's own, compiled once.
 *
 * Ajv generates code, which checks an event in 20 ns. The interpreter in `base/json_schema/` takes 300 ns: that would be a tenth of
 * the time of consuming one. Schemas of others are interpreted, so that none of them becomes code.
 *
 * @module
 */

import { Ajv, type ErrorObject } from "npm:ajv@8.20.0";
import { Ajv2019 } from "npm:ajv@8.20.0/dist/2019.js";
import { Ajv2020 } from "npm:ajv@8.20.0/dist/2020.js";
import draft06 from "npm:ajv@8.20.0/dist/refs/json-schema-draft-06.json" with {
  type: "json",
};
import Ajv04 from "npm:ajv-draft-04@1.0.0";
import addFormats from "npm:ajv-formats@3.0.1";
import { withinDeadline } from "../base/deadline.ts";
import { messageOf } from "../base/errors.ts";
import { isObject, mapSubschemas } from "../base/json_schema/documents.ts";
import { JsonSchema as Schema } from "../base/json_schema/json_schema.ts";
import type { JsonSchema } from "./from_schema.ts";

/** Unknown keywords are allowed: generators add their own, such as `javaType`. */
const OPTIONS = { strict: false, logger: false, verbose: true } as const;

/** How much of a value a message has, in UTF-16 units. */
const MAX_SHOWN = 60;
/** How many of the values that are allowed a message has. */
const MAX_ALLOWED_COUNT = 8;

/** Says what is wrong with a value: each finding with the path of its field, with semicolons between; undefined if it is valid. */
export type SchemaCheck = (value: unknown) => string | undefined;

function ajvFor(schema: JsonSchema, allErrors: boolean): Ajv {
  const options = { ...OPTIONS, allErrors };
  const draft = typeof schema === "object" ? String(schema["$schema"]) : "";
  if (draft.includes("2020-12")) return new Ajv2020(options);
  if (draft.includes("2019-09")) return new Ajv2019(options);
  if (draft.includes("draft-04")) return new Ajv04.default(options);
  const ajv = new Ajv(options);
  return draft.includes("draft-06") ? ajv.addMetaSchema(draft06) : ajv;
}

/** The schema of another subject in the registry that an event's schema refers to. */
export interface SchemaReference {
  /** What it is called in `$ref`. */
  readonly name: string;
  /** The subject. */
  readonly subject: string;
  /** The subject's version. */
  readonly version: number;
  /** The schema. */
  readonly schema: JsonSchema;
  /** What that schema refers to, directly and indirectly. By default: nothing. */
  readonly references?: readonly Pick<SchemaReference, "name" | "schema">[];
}

/** How a schema is compiled. */
export interface CompileOptions {
  /** Whether to find all that is wrong with a value, which takes memory in proportion to it, or the first alone. By default: `true`. */
  readonly allErrors?: boolean;
  /** Whether to allow fields that the schema doesn't name: see {@linkcode openSchema}. By default: `false`. */
  readonly open?: boolean;
  /** What the schema refers to outside of itself. By default: nothing. */
  readonly references?: readonly SchemaReference[];
}

/** Lists what is referred to, directly and indirectly, each name once. */
function namesOf(
  references: readonly SchemaReference[],
): ReadonlyMap<string, JsonSchema> {
  const all = references.flatMap(({ references = [], ...one }) => [
    ...references,
    one,
  ]);
  return new Map(all.map(({ name, schema }) => [name, schema]));
}

/** Ajv knows one spelling of each draft's name, and needs none: there is an Ajv for each. */
function withoutDraft(schema: JsonSchema): JsonSchema {
  if (typeof schema !== "object") return schema;
  const { $schema: _, ...rest } = schema;
  return rest;
}

/**
 * Compiles a schema of the program's own. Where a value could hold its check up, as with a pattern that backtracks, a check has a
 * deadline.
 *
 * @param schema The schema, of any draft from 4 to 2020-12; of draft 7 if it doesn't say.
 * @throws {Error} If it isn't a valid schema.
 */
export function compileSchema(
  schema: JsonSchema,
  options: CompileOptions = {},
): SchemaCheck {
  const { allErrors = true, open = false, references = [] } = options;
  const ajv = addFormats.default(ajvFor(schema, allErrors));
  const prepare = (one: JsonSchema) =>
    withoutDraft(open ? openSchema(one) : one);
  const { $id, id = $id } = typeof schema === "object" ? schema : {};
  for (const [name, one] of namesOf(references)) {
    ajv.addSchema(prepare(one), URL.parse(name, String(id))?.href ?? name);
  }
  const validate = ajv.compile(prepare(schema));
  const check = (value: unknown) =>
    validate(value) ? undefined : describeErrors(validate.errors);
  if (references.length === 0 && isLinear(schema)) return check;
  return (value) => {
    try {
      return withinDeadline(() => check(value));
    } catch (error) {
      return `the check of the event fails: ${messageOf(error)}`;
    }
  };
}

function isLinear(schema: JsonSchema): boolean {
  try {
    return new Schema(schema, new Map()).isLinear({ assertsFormat: true });
  } catch {
    // Ajv reads some schemas that are not read there.
    return false;
  }
}

/** Describes in one line what Ajv found, in its verbose form: with the value of each field. */
function describeErrors(
  errors: readonly ErrorObject[] | null | undefined,
): string {
  return (errors ?? [])
    .map((error) => {
      const field = error.instancePath.slice(1) || "the event";
      return `${field} ${error.message}${detailOf(error)}`;
    })
    .join("; ");
}

/** Writes a value that is wrong, for a message. Returns its JSON, cut where it is long. */
export function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** The value that is wrong, and what it may be; nothing for a whole event, an object or an array, which are long. */
function detailOf({ instancePath, data, params }: ErrorObject): string {
  const extra = params["additionalProperty"];
  if (extra !== undefined) return `: ${JSON.stringify(extra)}`;
  if (instancePath === "" || typeof data === "object" && data !== null) {
    return "";
  }
  const shown = shownValue(data);
  const allowed: unknown = params["allowedValues"];
  return Array.isArray(allowed) && allowed.length <= MAX_ALLOWED_COUNT
    ? `: ${shown} (allowed: ${
      allowed.map((value) => JSON.stringify(value)).join(", ")
    })`
    : `: ${shown}`;
}

/** Keywords whose schemas stay as they are: opened, they would let less through. */
const KEPT = ["if", "not"];

/**
 * Opens a schema for what a later version of it may add: objects may have fields that it doesn't name. A reader checks by it, so
 * that a compatible change of a writer's schema doesn't turn its events into dead letters.
 *
 * @returns A schema that allows the same values, and those with more fields. What stands under `not` or `if` stays as it is.
 * `oneOf` becomes `anyOf`: more than one of the alternatives may allow a value once they are open.
 */
export function openSchema(schema: JsonSchema): JsonSchema {
  if (!isObject(schema)) return schema;
  const open = mapSubschemas(
    schema,
    (one, keyword) =>
      KEPT.includes(keyword) ? one : openSchema(one as JsonSchema),
  );
  for (const closing of ["additionalProperties", "unevaluatedProperties"]) {
    if (open[closing] === false) delete open[closing];
  }
  const { oneOf, allOf = [], ...rest } = open;
  if (oneOf === undefined) return open;
  return { ...rest, allOf: [...allOf as unknown[], { anyOf: oneOf }] };
}
