/**
 * Random events of schemas of every draft.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { PipelineError } from "../../../lib/base/errors.ts";
import { schemaEvent } from "../../../lib/events/schema_event.ts";
import { fakedEvents } from "../../../lib/produce/sources/faked.ts";

const PLACE = {
  type: "object",
  properties: {
    city: { type: "string", pattern: "^[A-Z][a-z]+$" },
    in: { $ref: "#/definitions/place" },
  },
  required: ["city"],
  additionalProperties: false,
};

const SCHEMA = {
  type: "object",
  properties: {
    id: { type: "string", format: "uuid" },
    at: { type: "string", format: "date-time" },
    party: { type: "integer", minimum: 1, maximum: 12 },
    price: { type: "number", minimum: 0, maximum: 50, multipleOf: 0.5 },
    kind: { enum: ["inside", "terrace"] },
    tags: { type: "array", items: { type: "string" }, minItems: 1 },
    place: { $ref: "#/definitions/place" },
    note: { type: ["string", "null"] },
  },
  required: ["id", "at", "party", "price", "kind", "tags", "place"],
  additionalProperties: false,
  definitions: { place: PLACE },
};

function typeOf(schema: object, references = {}) {
  return schemaEvent(schema as Record<string, unknown>, {
    name: "visit",
    topic: "visits",
    ...references,
  });
}

async function take(
  schema: object,
  options: { readonly seed?: number; readonly count?: number } = {},
): Promise<unknown[]> {
  const events = await fakedEvents(typeOf(schema), options.seed);
  const { count = 200 } = options;
  return Array.from({ length: count }, () => events.next().value);
}

Deno.test("fakedEvents() makes valid events of nested objects, arrays, enums and optional fields", async () => {
  const type = typeOf(SCHEMA);
  const events = await take(SCHEMA) as Record<string, unknown>[];
  for (const event of events) type.check(event);
  for (const name of ["note", "place"]) {
    assert(events.some((event) => name in event), name);
  }
  assert(events.some((event) => !("note" in event)));
});

Deno.test("fakedEvents() makes the same events of the same seed, and others of another or none", async () => {
  const first = await take(SCHEMA, { seed: 7, count: 5 });
  assertEquals(await take(SCHEMA, { seed: 7, count: 5 }), first);
  assertNotEquals(await take(SCHEMA, { seed: 8, count: 5 }), first);
  assertNotEquals(
    await take(SCHEMA, { count: 5 }),
    await take(SCHEMA, { count: 5 }),
  );
});

Deno.test("fakedEvents() knows how older drafts write lists of items and exclusive limits", async () => {
  for (
    const [$schema, limits] of [
      ["http://json-schema.org/draft-04/schema#", {
        minimum: 1,
        exclusiveMinimum: true,
        maximum: 2,
        exclusiveMaximum: false,
      }],
      ["http://json-schema.org/draft-07/schema#", {
        exclusiveMinimum: 1,
        maximum: 2,
      }],
    ] as const
  ) {
    const events = await take({
      $schema,
      type: "object",
      properties: {
        pair: {
          type: "array",
          items: [{ type: "string" }, { type: "integer", ...limits }],
          additionalItems: false,
          minItems: 2,
        },
      },
      required: ["pair"],
    }) as { pair: unknown[] }[];
    for (const { pair } of events) {
      assertEquals([typeof pair[0], pair[1], pair.length], ["string", 2, 2]);
    }
  }
});

Deno.test("fakedEvents() follows references to other schemas", async () => {
  const schema = {
    type: "object",
    properties: { level: { $ref: "level-value" } },
    required: ["level"],
  };
  const type = typeOf(schema, {
    references: [{
      name: "level-value",
      subject: "level-value",
      version: 1,
      schema: { $ref: "number" },
      references: [{
        name: "number",
        schema: { type: "integer", minimum: 3, maximum: 3 },
      }],
    }],
  });
  const events = await fakedEvents(type, 1);
  assertEquals(events.next().value, { level: 3 });
});

Deno.test("fakedEvents() throws when no event at random is valid", async () => {
  const error = await assertRejects(
    () => take({ type: "object", not: { type: "object" } }, { count: 1 }),
    PipelineError,
  );
  assertEquals(
    error.message,
    "Can't generate visit events: Not a valid visit: the event must NOT be valid",
  );
});
