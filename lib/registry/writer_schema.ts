/**
 * The schemas that messages name: JSON Schemas of any draft, of any author. None of them can hold up the program.
 *
 * @module
 */

import { InvalidEventError, messageOf } from "../base/errors.ts";
import type { SchemaId } from "../events/wire_format.ts";
import { withinDeadline } from "../base/deadline.ts";
import type { Failure } from "../base/json_schema/keywords.ts";
import { JsonSchema } from "../base/json_schema/json_schema.ts";

/** A schema that the registry has, ready to check payloads. */
export interface WriterSchema {
  /** How long its text and those that it refers to are together, in UTF-16 units. */
  readonly length: number;
  /** Its text, without white space. */
  readonly text: string;
  /** Checks a payload of so many bytes in time. An {@linkcode InvalidEventError} names the first field that fails. */
  check(payload: unknown, lengthBytes: number): void;
}

/**
 * How long a payload may be that is checked without a deadline by a schema whose checks are linear, in bytes. Such a check takes
 * 0.2 s at most.
 */
const MAX_UNGUARDED_BYTES = 64 * 2 ** 10;

/** Makes the error for a schema that can't be used, of the reason or of what was thrown. */
export function unusable(id: SchemaId, why: unknown): InvalidEventError {
  return new InvalidEventError(
    `Schema ${id} can't be used: ${messageOf(why)}`,
    why instanceof Error ? { cause: why } : {},
  );
}

/**
 * Makes a schema ready to check payloads.
 *
 * @param options What messages name it by, and the texts of the schemas that it refers to, by the names by which it does.
 * @throws {InvalidEventError} If it can't be understood.
 */
export function compileWriterSchema(
  text: string,
  options: {
    readonly id: SchemaId;
    readonly references: ReadonlyMap<string, string>;
  },
): WriterSchema {
  const { id, references } = options;
  let parsed: unknown;
  let schema: JsonSchema;
  try {
    parsed = JSON.parse(text);
    schema = new JsonSchema(
      parsed,
      new Map(
        references.entries().map(([name, one]) => [name, JSON.parse(one)]),
      ),
    );
  } catch (cause) {
    throw unusable(id, cause);
  }
  const isLinear = schema.isLinear();
  return {
    length: [text, ...references.values()].join("").length,
    text: JSON.stringify(parsed),
    check(payload, lengthBytes) {
      let failure: Failure | undefined;
      try {
        failure = isLinear && lengthBytes <= MAX_UNGUARDED_BYTES
          ? schema.check(payload)
          : withinDeadline(() => schema.check(payload));
      } catch (cause) {
        throw unusable(id, cause);
      }
      if (!failure) return;
      const { path, reason } = failure;
      throw new InvalidEventError(
        `Not valid by schema ${id}: ${path || "the event"} ${reason}`,
      );
    },
  };
}
