/**
 * Random events of any schema.
 *
 * @module
 */

import {
  InvalidEventError,
  messageOf,
  PipelineError,
} from "../../base/errors.ts";
import type { EventType } from "../../events/event_type.ts";
import type { SchemaReference } from "../../events/json_schema.ts";

/** How many values are made at most for one that is valid: what is random doesn't meet every condition of a schema. */
const MAX_ATTEMPTS_COUNT = 100;

/** Makes a generator of random events, without end. The library for it is loaded when this is called. */
export async function fakedEvents<T>(
  type: EventType<T>,
  seed: number | undefined,
): Promise<Iterator<T, never>> {
  const { createGeneratorSync } = await import(
    "npm:json-schema-faker@0.6.3"
  );
  const generator = createGeneratorSync({
    seed: seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    refResolver: (reference) => resolve(type.references, reference),
  });
  const schema = JSON.parse(type.schemaText, modernized);
  return (function* () {
    while (true) yield nextValid(type, () => generator.generate(schema));
  })();
}

function nextValid<T>(type: EventType<T>, generate: () => unknown): T {
  let problem: unknown;
  for (let attempt = 0; attempt < MAX_ATTEMPTS_COUNT; attempt++) {
    try {
      return type.check(generate());
    } catch (error) {
      problem = error;
      if (!(error instanceof InvalidEventError)) break;
    }
  }
  throw new PipelineError(
    `Can't generate ${type.name} events: ${messageOf(problem)}`,
    { cause: problem },
  );
}

function resolve(references: readonly SchemaReference[], reference: string) {
  const all = references.flatMap((one) => [...one.references ?? [], one]);
  const [name] = reference.split("#", 1);
  const schema = all.find((one) => one.name === name)?.schema ?? true;
  return JSON.parse(JSON.stringify(schema), modernized);
}

const LIMITS = [
  ["minimum", "exclusiveMinimum"],
  ["maximum", "exclusiveMaximum"],
] as const;

/** The generator knows the drafts from 2019-09 on: before, exclusive limits and lists of items were written in another way. */
function modernized(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const schema = value as Record<string, unknown>;
  const { items, additionalItems = true } = schema;
  if (Array.isArray(items)) {
    schema["prefixItems"] = items;
    schema["items"] = additionalItems;
  }
  for (const [limit, exclusive] of LIMITS) {
    if (typeof schema[exclusive] !== "boolean") continue;
    if (schema[exclusive]) schema[exclusive] = schema[limit];
    else delete schema[exclusive];
  }
  return schema;
}
