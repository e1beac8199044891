/**
 * What `deno task schema` prints.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  describeCompatibility,
  describeSchema,
  describeSubjects,
} from "../../lib/cli/schema_report.ts";

const LATEST = {
  subject: "demo-value",
  version: 7,
  id: 24,
  type: "JSON",
  schema: "{}",
};

Deno.test("describeSchema() indents JSON, and leaves what isn't JSON as it is", () => {
  const version = { subject: "a", version: 1, id: 1 };
  assertEquals(
    describeSchema({ ...version, type: "JSON", schema: '{"a":1}' }),
    '{\n  "a": 1\n}',
  );
  for (const type of ["PROTOBUF", "AVRO", "JSON"]) {
    const schema = 'syntax = "proto3";';
    assertEquals(describeSchema({ ...version, type, schema }), schema);
  }
});

Deno.test("describeSubjects() shortens versions without a gap", () => {
  const lines = describeSubjects([
    { versions: [1, 2, 3, 7], latest: LATEST, level: "FULL" },
    { versions: [7, 5, 6], latest: LATEST, level: "NONE" },
  ]).split("\n");
  assertEquals(lines, [
    "SUBJECT     VERSIONS    NEWEST ID  TYPE  COMPATIBILITY",
    "demo-value  1, 2, 3, 7         24  JSON  FULL",
    "demo-value  5 to 7             24  JSON  NONE",
  ]);
});

Deno.test("describeCompatibility() says each remedy once, and that nothing is compared at NONE", () => {
  const incompatibility = {
    rule: "R",
    reason: "it is required",
    remedy: "Leave it out.",
  };
  const known = { latest: LATEST, registered: undefined };
  assertEquals(
    describeCompatibility("demo-value", {
      ...known,
      level: "BACKWARD_TRANSITIVE",
      compatible: false,
      incompatibilities: [
        { ...incompatibility, field: "a" },
        { ...incompatibility, field: "" },
      ],
    }).split("\n"),
    [
      "Not compatible with demo-value, version 7.",
      "The level is BACKWARD_TRANSITIVE: consumers with the new schema can read what was written before, for every version.",
      "- a: it is required (R)",
      "  Leave it out.",
      "- the event: it is required (R)",
    ],
  );
  assertEquals(
    describeCompatibility("demo-value", {
      ...known,
      level: "NONE",
      compatible: true,
      incompatibilities: [],
    }),
    "Not compared with demo-value, version 7: the level is NONE: nothing is checked.",
  );
});
