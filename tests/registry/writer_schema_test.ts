/**
 * The schemas that messages name: every draft, references, what good writers write, what hostile ones do, and what can't be used.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../lib/base/errors.ts";
import { compileWriterSchema } from "../../lib/registry/writer_schema.ts";
import { processorMs } from "../support/processor_time.ts";

const DRAFT_04 = "http://json-schema.org/draft-04/schema#";
const DRAFT_07 = "http://json-schema.org/draft-07/schema#";
const DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema";
const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

/** Checks a payload by a schema; undefined if it is valid. */
function refusal(
  schema: unknown,
  payload: unknown,
  references: Readonly<Record<string, unknown>> = {},
): string | undefined {
  const texts = Object.entries(references).map(([name, one]) =>
    [name, JSON.stringify(one)] as const
  );
  const compiled = compileWriterSchema(JSON.stringify(schema), {
    id: 7,
    references: new Map(texts),
  });
  try {
    compiled.check(payload, JSON.stringify(payload).length);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidEventError) return error.message;
    throw error;
  }
}

for (
  const draft of [
    DRAFT_04,
    "http://json-schema.org/draft-06/schema#",
    DRAFT_07,
    DRAFT_2019,
    DRAFT_2020,
    undefined,
    // Spellings that are met.
    "http://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft/2019-09/schema#",
    "http://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/schema#",
    "https://example.com/meta/scan-schema",
  ]
) {
  Deno.test(`WriterSchema.check() checks payloads by a schema of ${draft}`, () => {
    const schema = {
      ...(draft && { $schema: draft }),
      type: "object",
      properties: { quantity: { type: "integer", minimum: 1 } },
      required: ["quantity"],
    };
    assertEquals(refusal(schema, { quantity: 1, anything: "else" }), undefined);
    assertEquals(
      refusal(schema, { quantity: 0 }),
      "Not valid by schema 7: quantity must be >= 1",
    );
    assertEquals(
      refusal(schema, {}),
      "Not valid by schema 7: the event must have required property 'quantity'",
    );
  });
}

interface Case {
  readonly schema: unknown;
  readonly valid: unknown;
  readonly invalid?: unknown;
  readonly references?: Readonly<Record<string, unknown>>;
}

const CASES: Readonly<Record<string, Case>> = {
  "keywords of a generator's own": {
    schema: { javaType: "cafe.Scan", $async: true, discriminator: { x: 1 } },
    valid: {},
  },
  "nullable without a type, and with one": {
    schema: {
      properties: { a: { nullable: true, anyOf: [{ type: "string" }] } },
    },
    valid: { a: "x" },
    invalid: { a: null },
  },
  "an empty enum": {
    schema: { properties: { coupon: { enum: [] } } },
    valid: { other: 1 },
    invalid: { coupon: "A" },
  },
  "an enum with doubles": {
    schema: { enum: ["a", "a", { b: 1, c: 2 }, { c: 2, b: 1 }] },
    valid: { c: 2, b: 1 },
    invalid: "b",
  },
  "a pattern that is not valid with Unicode": {
    schema: { pattern: String.raw`^\d{3}\-\d{4}$` },
    valid: "555-0100",
    invalid: "5550100",
  },
  "a pattern that is only valid with Unicode": {
    schema: { pattern: String.raw`^\p{Letter}+$` },
    valid: "Zoé",
    invalid: "7",
  },
  "a pattern with Python's anchors and groups": {
    schema: { pattern: String.raw`\A(?P<year>\d{4})\Z` },
    valid: "2026",
    invalid: "A2026Z",
  },
  "a pattern that takes Unicode and has escapes that it doesn't allow": {
    schema: { pattern: String.raw`^\p{Letter}+\-[\-\_]\@\\$` },
    valid: "Zoé--@\\",
    invalid: "p{Letter}--@\\",
  },
  "a pattern with a flag, and a quantifier from zero": {
    schema: { pattern: "(?i)^latte{,2}$" },
    valid: "LATTEE",
    invalid: "latte{,2}",
  },
  "id beside $id in draft 7": {
    schema: {
      $schema: DRAFT_07,
      id: "http://example.com/a",
      $id: "http://example.com/b",
      properties: { a: { $ref: "#/definitions/a" } },
      definitions: { a: { type: "integer" } },
    },
    valid: { a: 1 },
    invalid: { a: "1" },
  },
  "an id within an enum or a const": {
    schema: {
      enum: [{ $id: "not a URI", $ref: "nowhere" }],
      $id: "http://example.com/a",
    },
    valid: { $id: "not a URI", $ref: "nowhere" },
    invalid: {},
  },
  "format, which asserts nothing": {
    schema: { $schema: DRAFT_2020, format: "uuid" },
    valid: "no UUID",
  },
  "format in draft 7, as in confluent-kafka": {
    schema: { $schema: DRAFT_07, format: "date-time" },
    valid: "yesterday",
  },
  "format, where the vocabulary says that it asserts": {
    schema: { $schema: "https://example.com/strict", format: "ipv4" },
    references: {
      "https://example.com/strict": {
        $schema: DRAFT_2020,
        $vocabulary: {
          "https://json-schema.org/draft/2020-12/vocab/format-assertion": true,
        },
      },
    },
    valid: "127.0.0.1",
    invalid: "localhost",
  },
  "a draft that a meta-schema of its own names": {
    schema: {
      $schema: "https://example.com/old",
      $ref: "#/definitions/a",
      type: "integer",
      definitions: { a: { minLength: 1 } },
    },
    references: { "https://example.com/old": { $schema: DRAFT_07 } },
    valid: "x",
    invalid: "",
  },
  "what stands beside a reference, which draft 7 ignores": {
    schema: {
      $schema: DRAFT_07,
      $ref: "#/definitions/a",
      maxLength: 1,
      definitions: { a: { type: "string" } },
    },
    valid: "long",
    invalid: 1,
  },
  "what stands beside a reference, which counts from 2019-09 on": {
    schema: {
      $schema: DRAFT_2019,
      $ref: "#/$defs/a",
      maxLength: 1,
      $defs: { a: { type: "string" } },
    },
    valid: "x",
    invalid: "long",
  },
  "exclusive limits in draft 4 and later": {
    schema: {
      $schema: DRAFT_04,
      minimum: 0,
      exclusiveMinimum: true,
      maximum: 9,
      exclusiveMaximum: false,
    },
    valid: 9,
    invalid: 0,
  },
  "a keyword that draft 4 doesn't have": {
    schema: { $schema: DRAFT_04, const: 1, contains: { type: "null" } },
    valid: [2],
  },
  "tuples of draft 7 and of 2020-12": {
    schema: {
      allOf: [
        { items: [{ type: "string" }], additionalItems: { type: "null" } },
        { prefixItems: [{ minLength: 1 }], items: { enum: [null] } },
      ],
    },
    valid: ["a", null],
    invalid: ["a", 1],
  },
  "cents as multiples of a hundredth": {
    schema: { multipleOf: 0.01 },
    valid: 4.05,
    invalid: 4.055,
  },
  "characters that take two UTF-16 units": {
    schema: { minLength: 2, maxLength: 2 },
    valid: "☕𝄞",
    invalid: "𝄞",
  },
  "a schema that is a boolean": { schema: true, valid: 1 },
  "a reference by the registry's name": {
    schema: { properties: { quantity: { $ref: "count.json" } } },
    references: { "count.json": { type: "integer" } },
    valid: { quantity: 1 },
    invalid: { quantity: "1" },
  },
  "a reference by the registry's name from another base": {
    schema: {
      $id: "http://example.com/schemas/scan.json",
      properties: { quantity: { $ref: "count.json#/$defs/count" } },
    },
    references: {
      "count.json": {
        $id: "http://example.com/other/count.json",
        $defs: { count: { type: "integer" } },
      },
    },
    valid: { quantity: 1 },
    invalid: { quantity: "1" },
  },
  "references to other drafts": {
    schema: {
      $schema: DRAFT_2020,
      properties: { old: { $ref: "old.json" }, older: { $ref: "older.json" } },
    },
    references: {
      "old.json": {
        $schema: DRAFT_07,
        $ref: "#/definitions/a",
        maxLength: 0,
        definitions: { a: { type: "string" } },
      },
      "older.json": { $schema: DRAFT_04, const: 1, type: "integer" },
    },
    valid: { old: "x", older: 2 },
    invalid: { old: 1 },
  },
  "a tree": {
    schema: {
      properties: {
        value: { type: "integer" },
        children: { items: { $ref: "#" } },
      },
    },
    valid: { value: 1, children: [{ children: [{ value: 2 }] }] },
    invalid: { value: 1, children: [{ children: [{ value: "2" }] }] },
  },
  "properties that no part of the schema knows": {
    schema: {
      $schema: DRAFT_2020,
      anyOf: [
        { properties: { a: { type: "integer" } }, required: ["a"] },
        { properties: { b: true } },
      ],
      unevaluatedProperties: false,
    },
    valid: { a: 1, b: 2 },
    invalid: { b: 2, c: 3 },
  },
  "fields with names of prototypes": {
    schema: JSON.parse(
      '{"properties":{"__proto__":{"type":"integer"},"toString":{"type":"string"}},"additionalProperties":false}',
    ),
    valid: JSON.parse('{"__proto__":1,"toString":"x"}'),
    invalid: JSON.parse('{"constructor":1}'),
  },
};

for (const [what, one] of Object.entries(CASES)) {
  Deno.test(`WriterSchema.check() understands ${what}`, () => {
    const { schema, valid, references = {} } = one;
    assertEquals(refusal(schema, valid, references), undefined);
    if (!("invalid" in one)) return;
    const message = refusal(schema, one.invalid, references) ?? "";
    assert(message.startsWith("Not valid by schema 7: "), message);
  });
}

Deno.test("WriterSchema.check() names the first field that fails by its path", () => {
  const schema = {
    properties: { lines: { items: { properties: { count: { minimum: 1 } } } } },
    additionalProperties: false,
  };
  assertEquals(
    refusal(schema, { lines: [{ count: 1 }, { count: 0 }, { count: 0 }] }),
    "Not valid by schema 7: lines/1/count must be >= 1",
  );
  assertEquals(
    refusal(schema, { lines: [], note: 1 }),
    "Not valid by schema 7: note is not allowed",
  );
});

Deno.test("compileWriterSchema() compiles two versions with the same $id", () => {
  const $id = "https://example.com/scan.json";
  assertEquals(refusal({ $id }, {}), undefined);
  assert(refusal({ $id, minProperties: 2 }, { quantity: 1 }));
});

Deno.test("compileWriterSchema() refuses what can't be understood, and says why", () => {
  const refused: readonly (readonly [string, string])[] = [
    ["no JSON", "Schema 7 can't be used: Unexpected token"],
    ['"string"', 'a schema is an object or a boolean: "string"'],
    ['{"type":"nothing"}', '"type" can\'t be "nothing"'],
    ['{"properties":{"a":{"required":true}}}', '"required" can\'t be true'],
    ['{"pattern":"("}', '"pattern" can\'t be "("'],
    ['{"allOf":[7]}', "a schema is an object or a boolean: 7"],
    [
      '{"$schema":"http://json-schema.org/draft-03/schema#"}',
      '"$schema" is not known: http://json-schema.org/draft-03/schema#',
    ],
    [
      `${'{"not":'.repeat(50_000)}true${"}".repeat(50_000)}`,
      "Maximum call stack size exceeded",
    ],
  ];
  for (const [text, reason] of refused) {
    assertThrows(
      () => compileWriterSchema(text, { id: 7, references: new Map() }),
      InvalidEventError,
      reason,
    );
  }
});

Deno.test("WriterSchema.check() says so when a reference that it needs leads nowhere", () => {
  const schema = { properties: { a: { $ref: "missing.json" } } };
  assertEquals(refusal(schema, { b: 1 }), undefined);
  assertEquals(
    refusal(schema, { a: 1 }),
    'Schema 7 can\'t be used: it refers to "missing.json", which is not there',
  );
});

const doubling: Record<string, unknown> = { d40: { type: "string" } };
for (let i = 0; i < 40; i++) {
  const next = { $ref: `#/definitions/d${i + 1}` };
  doubling[`d${i}`] = { allOf: [next, next] };
}

const HOSTILE: Readonly<
  Record<string, { schema: unknown; payload: unknown; reason: string }>
> = {
  "a pattern that backtracks for ever": {
    schema: { properties: { name: { pattern: "^(a+)+$" } } },
    payload: { name: `${"a".repeat(40)}!` },
    reason: "it takes longer than 500 ms",
  },
  "such a pattern for names": {
    schema: { patternProperties: { "^(a+)+$": true } },
    payload: { [`${"a".repeat(40)}!`]: 1 },
    reason: "it takes longer than 500 ms",
  },
  "references that double": {
    schema: { $ref: "#/definitions/d0", definitions: doubling },
    payload: "x",
    reason: "it takes longer than 500 ms",
  },
  "a reference to itself": {
    schema: { allOf: [{ $ref: "#" }] },
    payload: {},
    reason: "Maximum call stack size exceeded",
  },
};

for (const [what, { schema, payload, reason }] of Object.entries(HOSTILE)) {
  Deno.test(`WriterSchema.check() refuses a payload when its schema has ${what}`, () => {
    const tookMs = processorMs(() =>
      assertEquals(
        refusal(schema, payload),
        `Schema 7 can't be used: ${reason}`,
      )
    );
    assert(tookMs < 10_000, `${tookMs} ms`);
  });
}

Deno.test("WriterSchema.check() checks large payloads in time and memory", () => {
  const memory = Deno.memoryUsage().heapUsed;
  const many = <T>(length: number, fn: (i: number) => T) =>
    Array.from({ length }, (_, i) => fn(i));
  const branches = many(297, (i) => ({ const: i }));
  const cases = [
    [{ uniqueItems: true }, many(110_000, (i) => [i]), undefined],
    [
      { items: { type: "string", minLength: 9 } },
      many(400_000, () => 1),
      "Not valid by schema 7: 0 must be string",
    ],
    [{ format: "url" }, `http://${":".repeat(900_000)}!`, undefined],
    // As much work as is done without a deadline.
    [{ items: { anyOf: branches } }, many(16_000, () => 296), undefined],
  ] as const;
  const tookMs = processorMs(() => {
    for (const [schema, payload, expected] of cases) {
      assertEquals(refusal(schema, payload), expected);
    }
  });
  assert(tookMs < 10_000, `${tookMs} ms`);
  assert(Deno.memoryUsage().heapUsed - memory < 500e6);
});
