/**
 * Kinds of events that are defined by nothing but a JSON Schema: what is refused, and how their keys are made.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError, PipelineError } from "../../lib/base/errors.ts";
import {
  externalReferences,
  parseSchema,
  schemaEvent,
} from "../../lib/events/schema_event.ts";

const VISIT = {
  type: "object",
  properties: {
    party: { type: "integer" },
    guest: { type: "object", properties: { name: { type: "string" } } },
  },
  required: ["party"],
  additionalProperties: false,
} as const;

function messageOf(fn: () => unknown): string {
  return assertThrows(fn, PipelineError).message;
}

Deno.test("parseSchema() takes schemas of the drafts 4 to 2020-12, in the spellings of their names", () => {
  for (
    const draft of [
      "http://json-schema.org/draft-04/schema#",
      "http://json-schema.org/draft-06/schema",
      "https://json-schema.org/draft-07/schema#",
      "https://json-schema.org/draft/2019-09/schema",
      "https://json-schema.org/draft/2020-12/schema#",
    ]
  ) {
    const schema = parseSchema(
      JSON.stringify({ $schema: draft, ...VISIT }),
      "a.json",
    );
    const type = schemaEvent(schema, { name: "visit", topic: "visits" });
    assertEquals(type.check({ party: 2 }), { party: 2 });
    assertThrows(() => type.check({ party: "2" }), InvalidEventError);
  }
  assertEquals(parseSchema("true", "a.json"), true);
  assertEquals(parseSchema("{}", "a.json"), {});
});

Deno.test("parseSchema() refuses what isn't a JSON Schema, or is one of a draft that is not known", () => {
  for (
    const [text, reason] of [
      [
        "{oops",
        "Expected property name or '}' in JSON at position 1 (line 1 column 2)",
      ],
      ["[]", "it is neither an object nor a boolean"],
      ['"object"', "it is neither an object nor a boolean"],
      [
        '{"customer_name":"Bob Smith"}',
        "it has none of the keywords $ref, $schema, allOf, anyOf, const, enum, oneOf, properties, type",
      ],
      [
        '{"$schema":"https://json-schema.org/draft/2030-01/schema"}',
        'its "$schema" is none of the drafts 4, 6, 7, 2019-09 and 2020-12: "https://json-schema.org/draft/2030-01/schema"',
      ],
      [
        '{"$schema":"https://example.com/own"}',
        'its "$schema" is none of the drafts 4, 6, 7, 2019-09 and 2020-12: "https://example.com/own"',
      ],
    ] as const
  ) {
    assertEquals(
      messageOf(() => parseSchema(text, "a.json")),
      `What a.json holds is not a JSON Schema: ${reason}`,
    );
  }
});

Deno.test("schemaEvent() refuses a schema that its draft doesn't allow, and references that lead nowhere", () => {
  const options = { name: "visit", topic: "visits" };
  assertEquals(
    messageOf(() => schemaEvent({ type: "record" }, options)).slice(0, 64),
    "The schema of visit is not valid: schema is invalid: data/type m",
  );
  assertEquals(
    messageOf(() => schemaEvent({ $ref: "#/$defs/no" }, options)),
    "The schema of visit is not valid: can't resolve reference #/$defs/no from id #",
  );
  assertEquals(
    messageOf(() =>
      schemaEvent({
        properties: {
          a: { $ref: "https://example.com/a.json" },
          b: { $ref: "b-value#/$defs/c" },
        },
      }, options)
    ),
    'The schema of visit refers to "https://example.com/a.json", "b-value", which is neither in it nor a subject of the registry',
  );
});

Deno.test("schemaEvent() makes keys of a field, nested or not, and none without its value", () => {
  const keyOf = (keyField: string | undefined, event: unknown) =>
    schemaEvent(VISIT, { name: "visit", topic: "visits", keyField }).key(event);
  assertEquals(keyOf("party", { party: 2 }), "2");
  assertEquals(keyOf("guest.name", { guest: { name: "Bob" } }), "Bob");
  assertEquals(keyOf("guest.name", { guest: {} }), null);
  assertEquals(keyOf("guest.name", {}), null);
  assertEquals(keyOf("guest", { guest: { name: "Bob" } }), '{"name":"Bob"}');
  assertEquals(keyOf(undefined, { party: 2 }), null);
  assertEquals(
    messageOf(() => keyOf("guest.id", {})),
    'The schema of visit has no field "guest.id"',
  );
});

Deno.test("externalReferences() finds what leads out of a schema, each once, and nothing else", () => {
  assertEquals(
    externalReferences({
      $id: "https://example.com/visit",
      properties: {
        a: { $ref: "#/$defs/a" },
        b: { $ref: "part" },
        c: { $ref: "place-value" },
        d: { items: { $ref: "place-value#/$defs/x" } },
        $ref: { type: "string" },
        e: { const: { $ref: "no-schema" } },
      },
      $defs: { a: {}, b: { $id: "part" } },
    }),
    ["place-value"],
  );
});

Deno.test("schemaEvent() checks by the schemas that it refers to, open for readers", () => {
  for (const $id of [undefined, "https://example.com/visit"]) {
    const type = schemaEvent({
      ...$id && { $id },
      type: "object",
      properties: { place: { $ref: "place-value" } },
      required: ["place"],
    }, {
      name: "visit",
      topic: "visits",
      references: [{
        name: "place-value",
        subject: "place-value",
        version: 3,
        schema: {
          $schema: "http://json-schema.org/draft-07/schema#",
          type: "object",
          properties: { level: { $ref: "level-value" } },
          additionalProperties: false,
        },
        references: [{ name: "level-value", schema: { type: "integer" } }],
      }],
    });
    type.check({ place: { level: 1 } });
    assertThrows(
      () => type.check({ place: { level: "1" } }),
      InvalidEventError,
    );
    assertThrows(() => type.check({ place: { more: 1 } }), InvalidEventError);
    type.checkByOpenSchema({ place: { more: 1 } });
    assertThrows(
      () => type.checkByOpenSchema({ place: { level: "1" } }),
      InvalidEventError,
    );
  }
});
