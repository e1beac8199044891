/**
 * The schemas that messages name: every draft, references, and what can't be used.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { compileWriterSchema } from "../../lib/registry/writer_schema.ts";

const NONE: ReadonlyMap<string, string> = new Map();

function schemaOf(extra: Record<string, unknown>): string {
  return JSON.stringify({
    type: "object",
    properties: { quantity: { type: "integer", minimum: 1 } },
    required: ["quantity"],
    ...extra,
  });
}

const DRAFTS = [
  "http://json-schema.org/draft-04/schema#",
  "http://json-schema.org/draft-06/schema#",
  "http://json-schema.org/draft-07/schema#",
  "https://json-schema.org/draft/2019-09/schema",
  "https://json-schema.org/draft/2020-12/schema",
];

for (const draft of DRAFTS) {
  Deno.test(`compileWriterSchema() checks payloads by a schema of ${draft}`, async () => {
    const schema = await compileWriterSchema(
      7,
      schemaOf({ $schema: draft }),
      NONE,
    );
    schema.check({ quantity: 1, anything: "else" });
    assertThrows(
      () => schema.check({ quantity: 0 }),
      InvalidEventError,
      "Not valid by schema 7: quantity must be >= 1",
    );
  });
}

Deno.test("compileWriterSchema() takes a schema of no draft, and keywords of a generator's own", async () => {
  const text = schemaOf({ javaType: "cafe.Order" });
  const schema = await compileWriterSchema(7, text, NONE);
  schema.check({ quantity: 1 });
  assertEquals(schema.text, text);
});

Deno.test("compileWriterSchema() compiles two versions with the same $id", async () => {
  const $id = "https://example.com/order.json";
  await compileWriterSchema(1, schemaOf({ $id }), NONE);
  const second = await compileWriterSchema(
    2,
    schemaOf({ $id, minProperties: 2 }),
    NONE,
  );
  assertThrows(
    () => second.check({ quantity: 1 }),
    InvalidEventError,
    "schema 2",
  );
});

Deno.test("compileWriterSchema() follows a reference by the name that the schema has for it", async () => {
  const schema = await compileWriterSchema(
    7,
    JSON.stringify({ properties: { quantity: { $ref: "count.json" } } }),
    new Map([["count.json", JSON.stringify({ type: "integer" })]]),
  );
  schema.check({ quantity: 1 });
  assertThrows(
    () => schema.check({ quantity: "1" }),
    InvalidEventError,
    "must be integer",
  );
});

Deno.test("compileWriterSchema() refuses what can't be used, and says why", async () => {
  const refused: readonly (readonly [string, string])[] = [
    ["no JSON", "Schema 7 can't be used: "],
    [schemaOf({ type: "nothing" }), "Schema 7 can't be used: "],
    [schemaOf({ $async: true }), "it is asynchronous"],
    [
      schemaOf({ $schema: "https://example.com/own" }),
      "no schema with key or ref",
    ],
    [JSON.stringify({ $ref: "missing.json" }), "missing.json"],
  ];
  for (const [text, reason] of refused) {
    await assertRejects(
      () => compileWriterSchema(7, text, NONE),
      InvalidEventError,
      reason,
    );
  }
});
