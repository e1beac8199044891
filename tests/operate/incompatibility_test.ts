/**
 * What registries find incompatible, in words. The findings are what Confluent's registry and Apicurio have answered.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  explainFinding,
  readVerboseMessages,
} from "../../lib/operate/incompatibility.ts";
import { readDiffTypes } from "../../lib/operate/schemas.ts";

const OPEN = {
  type: "object",
  properties: {
    id: { type: "string" },
    size: { type: "integer" },
    place: { type: "object", properties: { city: { type: "string" } } },
  },
  required: ["id"],
};
const CLOSED = { ...OPEN, additionalProperties: false };

function explain(
  [rule, pointer]: readonly [string, string],
  [checked, existing]: readonly [unknown, unknown],
  level = "BACKWARD",
) {
  return explainFinding(
    { rule, pointer },
    {
      checked: { name: "the new schema", schema: JSON.stringify(checked) },
      existing: { name: "version 1", schema: JSON.stringify(existing) },
    },
    level,
  );
}

function withField<T extends object>(schema: T, name: string) {
  const { properties } = schema as unknown as { properties: object };
  return {
    ...schema,
    properties: { ...properties, [name]: { type: "string" } },
  };
}

Deno.test("readVerboseMessages() keeps rule, place and sentence when Confluent's registry answers", () => {
  assertEquals(
    readVerboseMessages([
      `{errorType:"TYPE_CHANGED", description:"A type at path '#/properties/id' is different between the new schema and the old schema"}`,
      `{errorType:'REQUIRED_ATTRIBUTE_ADDED', description:'The keyword at path '#/required/status' in the old schema is not present in the new schema', additionalInfo:''}`,
      "Found incompatible change: Difference{jsonPath='#/properties/b', type=PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL}",
      "{oldSchemaVersion: 1}",
      `{oldSchema: '{"type":"object"}'}`,
      "{validateFields: 'false', compatibility: 'FULL'}",
    ]),
    [
      {
        rule: "TYPE_CHANGED",
        pointer: "#/properties/id",
        description:
          "A type at path '#/properties/id' is different between the new schema and the old schema",
      },
      {
        rule: "REQUIRED_ATTRIBUTE_ADDED",
        pointer: "#/required/status",
        description:
          "The keyword at path '#/required/status' in the old schema is not present in the new schema",
      },
      {
        rule: "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
        pointer: "#/properties/b",
        description:
          "Found incompatible change: Difference{jsonPath='#/properties/b', type=PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL}",
      },
    ],
  );
});

Deno.test("readDiffTypes() keeps each difference once when Apicurio repeats its list", () => {
  assertEquals(
    readDiffTypes(
      "Incompatible artifact: demo-value [JSON], num of incompatible diffs: {2}, list of diff types: " +
        "[SUBSCHEMA_TYPE_CHANGED at /properties/quantity, OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_ADDED at /required] " +
        "Causes: SUBSCHEMA_TYPE_CHANGED at /properties/quantity, OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_ADDED at /required",
    ),
    [
      { rule: "SUBSCHEMA_TYPE_CHANGED", pointer: "/properties/quantity" },
      {
        rule: "OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_ADDED",
        pointer: "/required",
      },
    ],
  );
});

Deno.test("readDiffTypes() finds the names of differences when Apicurio writes them in words", () => {
  assertEquals(
    readDiffTypes(
      "list of diff types: [String type max length added at /properties/a/maxLength, A new required property was added at /required] " +
        "Causes: String type max length added at /properties/a/maxLength, A new required property was added at /required",
    ),
    [
      {
        rule: "STRING_TYPE_MAX_LENGTH_ADDED",
        pointer: "/properties/a/maxLength",
      },
      {
        rule: "OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_ADDED",
        pointer: "/required",
      },
    ],
  );
});

for (
  const [registry, finding] of [
    [
      "Confluent's",
      ["OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", "#/properties/note"],
    ],
    [
      "Apicurio",
      ["OBJECT_TYPE_PROPERTY_SCHEMAS_NARROWED", "/propertySchemasAdded"],
    ],
  ] as const
) {
  Deno.test(`explainFinding() explains the trap when ${registry} refuses an optional field of an open schema`, () => {
    const [found] = explain(finding, [withField(OPEN, "note"), OPEN]);
    assertEquals(found?.field, "note");
    assertStringIncludes(found?.reason ?? "", "version 1 is open");
    assertStringIncludes(
      found?.remedy ?? "",
      `In an open schema, one without "additionalProperties": false, a field can't be added, not even an optional one`,
    );
  });
}

Deno.test("explainFinding() names the field that is required when the registry names only the list", () => {
  const finding = ["OBJECT_TYPE_REQUIRED_PROPERTIES_MEMBER_ADDED", "/required"]
    .slice(0, 2) as unknown as [string, string];
  const stricter = { ...CLOSED, required: ["id", "size"] };
  const [backward] = explain(finding, [stricter, CLOSED]);
  assertEquals(backward?.field, "size");
  assertStringIncludes(
    backward?.reason ?? "",
    "the new schema requires it and version 1 does not",
  );
  assertEquals(backward?.remedy, 'Leave it out of "required".');
  const [forward] = explain(finding, [CLOSED, stricter], "FORWARD");
  assertEquals(forward?.field, "size");
  assertStringIncludes(
    forward?.reason ?? "",
    "version 1 requires it and the new schema does not",
  );
  const [full] = explain(finding, [CLOSED, stricter], "FULL_TRANSITIVE");
  assertEquals(full, forward);
});

Deno.test("explainFinding() names the required field when Confluent's registry does", () => {
  const [found] = explain(["REQUIRED_ATTRIBUTE_ADDED", "#/required/size"], [
    CLOSED,
    { ...CLOSED, required: ["id", "size"] },
  ], "FULL");
  assertEquals(found?.field, "size");
  assertEquals(found?.remedy, 'Keep it in "required".');
});

Deno.test("explainFinding() names the field that a closed schema no longer has", () => {
  const [found] = explain([
    "OBJECT_TYPE_PROPERTY_SCHEMAS_NARROWED",
    "/propertySchemasRemoved",
  ], [CLOSED, withField(CLOSED, "note")]);
  assertEquals(found?.field, "note");
  assertStringIncludes(found?.reason ?? "", "allows no fields besides its own");
});

Deno.test("explainFinding() names both types when a type changed, also in a nested object", () => {
  const changed = {
    ...OPEN,
    properties: {
      ...OPEN.properties,
      place: { type: "object", properties: { city: { type: "number" } } },
    },
  };
  const [found] = explain([
    "SUBSCHEMA_TYPE_CHANGED",
    "/properties/place/properties/city",
  ], [changed, OPEN]);
  assertEquals(found?.field, "place.city");
  assertEquals(
    found?.reason,
    "the new schema takes number, and version 1 writes string",
  );
});

Deno.test("explainFinding() names the keyword when a limit was added", () => {
  const [found] = explain([
    "STRING_TYPE_MAX_LENGTH_ADDED",
    "/properties/id/maxLength",
  ], [CLOSED, CLOSED]);
  assertEquals(found?.field, "id");
  assertStringIncludes(found?.reason ?? "", "a stricter maxLength");
});

Deno.test("explainFinding() keeps the registry's words when it doesn't know the rule", () => {
  const [found] = explain(["UNDEFINED_UNUSED", "/x"], [CLOSED, CLOSED]);
  assertEquals(found?.reason, "undefined unused");
  assert(found?.remedy === undefined);
});
