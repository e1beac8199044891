/**
 * Which schemas can be checked by without a deadline. What they assert is in the tests of writers' schemas.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { JsonSchema } from "../../../lib/base/json_schema/json_schema.ts";

const isLinear = (schema: unknown) =>
  new JsonSchema(schema, new Map()).isLinear();

const properties = (count: number, schema: unknown) => ({
  properties: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`p${i}`, schema]),
  ),
});

Deno.test("JsonSchema.isLinear() holds for usual schemas", () => {
  for (
    const schema of [
      true,
      { type: "object", ...properties(200, { type: "string", format: "url" }) },
      {
        properties: {
          a: { $ref: "#/$defs/a" },
          b: { items: { $ref: "#/$defs/a" } },
        },
        $defs: { a: { enum: [1, 2] }, unused: { pattern: "(a+)+" } },
      },
      { patternProperties: { "^x-": { type: "string" } } },
      ...[
        "^[0-9a-f-]{36}$",
        String.raw`^\d{3}\-\d{4}$`,
        "^[A-Z]+$",
        String.raw`^ORD-\d{1,9}$`,
        "^latte$",
        "^[(|)]*",
      ].map((pattern) => ({ pattern })),
    ]
  ) {
    assertEquals(isLinear(schema), true, JSON.stringify(schema).slice(0, 80));
  }
});

Deno.test("JsonSchema.isLinear() doesn't hold where a value could hold its check up", () => {
  for (
    const schema of [
      properties(300, true),
      { allOf: [{ $ref: "#" }] },
      { properties: { child: { $ref: "#" } } },
      { properties: { a: { $ref: "missing.json" } } },
      {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $dynamicRef: "#a",
        $defs: { a: { $dynamicAnchor: "a" } },
      },
      { patternProperties: { "x-.*-": { type: "string" } } },
      ...["^(a+)+$", "a+$", "^a*a*$", "^a?a?aa", "^a{1,9}b{1,9}$", "a|b"]
        .concat("^a+?b+$", String.raw`^(a)\1$`, "^a{1000}")
        .map((pattern) => ({ pattern })),
    ]
  ) {
    assertEquals(isLinear(schema), false, JSON.stringify(schema).slice(0, 80));
  }
});

Deno.test("JsonSchema.isLinear() minds the format where it is asserted", () => {
  const linear = (format: string) =>
    new JsonSchema({ format }, new Map()).isLinear({ assertsFormat: true });
  assertEquals(["uuid", "date-time", "url", "email"].map(linear), [
    true,
    true,
    false,
    false,
  ]);
});
