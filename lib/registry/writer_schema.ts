/**
 * The schemas that messages name: JSON Schemas of any draft, by whoever wrote them.
 *
 * @module
 */

import { Ajv, type AnySchemaObject } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import draft06 from "ajv/dist/refs/json-schema-draft-06.json" with {
  type: "json",
};
import addFormats from "ajv-formats";
import { describeSchemaErrors } from "../events/order.ts";
import { InvalidEventError, messageOf } from "../base/errors.ts";

/** A schema that the registry has, ready to check payloads. */
export interface WriterSchema {
  /** The id under which the registry has it. */
  readonly id: number;
  /** How long its text and those that it refers to are together, in UTF-16 units. */
  readonly length: number;
  /** Its text, without white space. */
  readonly text: string;
  /**
   * Checks a payload.
   *
   * @param payload The JSON value.
   * @throws {InvalidEventError} If it is not valid; the message names each field and what is wrong with it.
   */
  check(payload: unknown): void;
}

/** Unknown keywords are let through: generators add their own, such as `javaType`. */
const OPTIONS = { strict: false, allErrors: true, logger: false } as const;

async function ajvFor(schema: AnySchemaObject): Promise<Ajv> {
  const draft = String(schema["$schema"] ?? "");
  if (draft.includes("2020-12")) return new Ajv2020(OPTIONS);
  if (draft.includes("2019-09")) return new Ajv2019(OPTIONS);
  if (draft.includes("draft-04")) {
    const { default: Ajv04 } = await import("ajv-draft-04");
    return new Ajv04.default(OPTIONS);
  }
  const ajv = new Ajv(OPTIONS);
  return draft.includes("draft-06") ? ajv.addMetaSchema(draft06) : ajv;
}

/**
 * Makes a schema ready to check payloads. Each has an Ajv of its own: two versions of one schema carry the same `$id`, which a
 * shared one refuses.
 *
 * @param id The id under which the registry has it.
 * @param text The schema's text.
 * @param references The texts of the schemas that it refers to, by the names by which it does.
 * @returns The schema.
 * @throws {InvalidEventError} If it is no JSON Schema that can be used.
 */
export async function compileWriterSchema(
  id: number,
  text: string,
  references: ReadonlyMap<string, string>,
): Promise<WriterSchema> {
  try {
    const schema: AnySchemaObject = JSON.parse(text);
    if ("$async" in schema) {
      throw new TypeError("it is asynchronous, which no JSON Schema is");
    }
    const ajv = addFormats.default(await ajvFor(schema));
    for (const [name, referenced] of references) {
      ajv.addSchema(JSON.parse(referenced), name);
    }
    const validate = ajv.compile(schema);
    return {
      id,
      length: [text, ...references.values()].join("").length,
      text: JSON.stringify(schema),
      check(payload) {
        if (validate(payload)) return;
        const found = describeSchemaErrors(validate.errors);
        throw new InvalidEventError(`Not valid by schema ${id}: ${found}`);
      },
    };
  } catch (cause) {
    throw new InvalidEventError(
      `Schema ${id} can't be used: ${messageOf(cause)}`,
      { cause },
    );
  }
}
