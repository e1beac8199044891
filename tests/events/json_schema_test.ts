/**
 * Checks by JSON Schemas of every draft, and schemas opened for what a later version adds.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { JsonSchema } from "../../lib/events/from_schema.ts";
import { compileSchema, openSchema } from "../../lib/events/json_schema.ts";

const CLOSED = {
  type: "object",
  properties: { id: { type: "string" } },
  required: ["id"],
  additionalProperties: false,
} as const;

/** Each draft, with a keyword whose meaning is its own: a value that it allows, and one that it refuses. */
const DRAFTS: [string, JsonSchema, unknown, unknown][] = [
  [
    "http://json-schema.org/draft-04/schema#",
    {
      minimum: 0,
      exclusiveMinimum: true,
    },
    1,
    0,
  ],
  ["http://json-schema.org/draft-06/schema#", { exclusiveMinimum: 0 }, 1, 0],
  [
    "http://json-schema.org/draft-07/schema#",
    {
      if: { minimum: 10 },
      then: { multipleOf: 10 },
    },
    20,
    11,
  ],
  [
    "https://json-schema.org/draft/2019-09/schema",
    {
      $ref: "#/$defs/positive",
      maximum: 5,
      $defs: { positive: { exclusiveMinimum: 0 } },
    },
    5,
    6,
  ],
  [
    "https://json-schema.org/draft/2020-12/schema",
    {
      prefixItems: [{ type: "string" }],
      items: false,
    },
    ["a"],
    ["a", "b"],
  ],
];

for (const [$schema, keywords, good, bad] of DRAFTS) {
  Deno.test(`compileSchema() checks by ${$schema}`, () => {
    const check = compileSchema({ $schema, ...keywords as object });
    assertEquals(check(good), undefined);
    assert(check(bad) !== undefined);
  });
}

Deno.test("compileSchema() takes a schema without a draft for one of draft 7, with keywords of its author's own", () => {
  const check = compileSchema({
    javaType: "cafe.Visit",
    if: { type: "string" },
    then: { minLength: 2 },
  });
  assertEquals(check(1), undefined);
  assertEquals(check("ab"), undefined);
  assertEquals(
    check("a"),
    'the event must NOT have fewer than 2 characters; the event must match "then" schema',
  );
});

Deno.test("compileSchema() checks formats, and schemas that are booleans", () => {
  const check = compileSchema({ format: "date-time" });
  assertEquals(check("2026-02-03T02:16:55Z"), undefined);
  assertEquals(
    check("yesterday"),
    'the event must match format "date-time"',
  );
  assertEquals(compileSchema(true)({}), undefined);
  assertEquals(compileSchema(false)({}), "the event boolean schema is false");
});

Deno.test("compileSchema() names each field that is wrong, by its path", () => {
  const check = compileSchema({
    ...CLOSED,
    properties: { id: { type: "string" }, guest: CLOSED },
  });
  assertEquals(
    check({ guest: { id: 1, "a\n": 2 } }),
    "the event must have required property 'id'; " +
      'guest must NOT have additional properties: "a\\n"; guest/id must be string: 1',
  );
});

Deno.test("compileSchema() throws if the schema is invalid", () => {
  assertThrows(() => compileSchema({ type: "text" }), Error, "type");
  assertThrows(
    () => compileSchema({ $ref: "#/$defs/no" }),
    Error,
    "#/$defs/no",
  );
});

/** Whether a schema, and the same one opened, allow a value. */
function allows(
  schema: JsonSchema,
  value: unknown,
): { readonly closed: boolean; readonly open: boolean } {
  return {
    closed: compileSchema(schema)(value) === undefined,
    open: compileSchema(openSchema(schema))(value) === undefined,
  };
}

const OPENED = { closed: false, open: true };
const REFUSED = { closed: false, open: false };
const ALLOWED = { closed: true, open: true };
const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

Deno.test("openSchema() lets unknown fields through, and nothing else", () => {
  assertEquals(allows(CLOSED, { id: "1" }), ALLOWED);
  assertEquals(allows(CLOSED, { id: "1", table: 7 }), OPENED);
  assertEquals(allows(CLOSED, { id: 1 }), REFUSED);
  assertEquals(allows(CLOSED, { table: 7 }), REFUSED);
  assertEquals(openSchema(true), true);
  assertEquals(openSchema(false), false);
});

Deno.test("openSchema() changes neither the schema nor what closes no object", () => {
  const schema = {
    ...CLOSED,
    additionalProperties: { type: "string" },
    enum: [{ additionalProperties: false }],
  };
  const before = structuredClone(schema);
  assertEquals(openSchema(schema), schema);
  assertEquals(schema, before);
});

Deno.test("openSchema() opens nested objects, wherever they stand", () => {
  const inner = { id: "1", table: 7 };
  const cases: [JsonSchema, unknown][] = [
    [{ properties: { a: CLOSED } }, { a: inner }],
    [{ patternProperties: { "^a": CLOSED } }, { ab: inner }],
    [{ additionalProperties: CLOSED }, { a: inner }],
    [{ items: CLOSED }, [inner]],
    [{ items: [CLOSED], additionalItems: CLOSED }, [inner, inner]],
    [{ contains: CLOSED }, [inner]],
    [{ allOf: [CLOSED] }, inner],
    [{ anyOf: [CLOSED] }, inner],
    [{ if: true, then: CLOSED }, inner],
    [{ if: false, else: CLOSED }, inner],
    [{ dependencies: { id: CLOSED } }, inner],
    [{ $ref: "#/definitions/a", definitions: { a: CLOSED } }, inner],
    [{
      $schema: DRAFT_2020,
      $ref: "#/$defs/a",
      $defs: { a: CLOSED },
    }, inner],
    [{ $schema: DRAFT_2020, prefixItems: [CLOSED] }, [inner]],
    [{ $schema: DRAFT_2020, dependentSchemas: { id: CLOSED } }, inner],
    [{
      $schema: DRAFT_2020,
      allOf: [{ properties: { id: true } }],
      unevaluatedProperties: false,
    }, inner],
  ];
  for (const [schema, value] of cases) {
    assertEquals(allows(schema, value), OPENED, JSON.stringify(schema));
  }
});

Deno.test("openSchema() keeps the fields that are named as keywords, and lists of names", () => {
  const schema = {
    properties: { additionalProperties: false, oneOf: { type: "string" } },
    dependencies: { a: ["b"] },
  } as const;
  assertEquals(openSchema(schema), schema);
  assertEquals(allows(schema, { a: 1 }), REFUSED);
});

Deno.test("openSchema() takes a value that several alternatives of oneOf allow once they are open, beside anyOf and allOf too", () => {
  const other = {
    ...CLOSED,
    properties: { ...CLOSED.properties, table: { type: "integer" } },
  };
  const schema = { oneOf: [CLOSED, other] };
  const value = { id: "1", table: 7 };
  assertEquals(allows(schema, value), ALLOWED);
  assertEquals(allows(schema, { id: "1", note: "x" }), OPENED);
  assertEquals(allows(schema, { id: 1 }), REFUSED);
  const beside = {
    ...schema,
    anyOf: [{ minProperties: 2 }],
    allOf: [{ maxProperties: 3 }],
  };
  assertEquals(allows(beside, value), ALLOWED);
  assertEquals(allows(beside, { id: "1" }), REFUSED);
  assertEquals(allows(beside, { ...value, a: 1, b: 2 }), REFUSED);
});

Deno.test("openSchema() leaves what stands under not and if as it is: opened, it would allow less", () => {
  const not = { not: { ...CLOSED, additionalProperties: false } };
  assertEquals(openSchema(not), not);
  assertEquals(allows(not, { id: "1", table: 7 }), ALLOWED);
  const condition = { if: CLOSED, then: { maxProperties: 1 } };
  assertEquals(openSchema(condition), condition);
});
