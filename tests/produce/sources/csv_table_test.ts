/**
 * How the text of a column becomes a value of its field's type.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../../lib/base/errors.ts";
import { defineEvent } from "../../../lib/events/event_type.ts";
import { CsvTable } from "../../../lib/produce/sources/csv_table.ts";

const visits = defineEvent<unknown>({
  name: "visit",
  topic: "visits",
  key: () => null,
  schema: {
    type: "object",
    properties: {
      text: { type: "string" },
      note: { type: "string" },
      count: { type: "integer" },
      price: { type: "number" },
      paid: { type: "boolean" },
      size: { enum: ["S", "M", 42, null] },
      answer: { const: "yes" },
      maybe: { type: ["integer", "null"] },
      mixed: { type: ["string", "number", "boolean"] },
      word: { anyOf: [{ type: "string" }, { type: "null" }] },
      shared: { $ref: "#/$defs/level" },
      all: { allOf: [{ type: ["integer", "string"] }, { type: "number" }] },
      tags: { type: "array", items: { type: "string" } },
      address: {
        type: "object",
        properties: {
          city: { type: "string" },
          floor: { type: "integer" },
        },
      },
      "a.b": { type: "integer" },
      free: {},
    },
    required: ["text", "count"],
    $defs: { level: { type: "integer", minimum: 1 } },
  },
});

function read(column: string, text: string): unknown {
  return new CsvTable(visits, column).read(text);
}

Deno.test("CsvTable.read() makes each text a value of its field's type", () => {
  for (
    const [column, text, value] of [
      ["text", " a ", " a "],
      ["text", "42", "42"],
      ["text", "", ""],
      ["text", '""', ""],
      ["note", '""', ""],
      ["count", "42", 42],
      ["count", "-1", -1],
      ["count", '"42"', 42],
      ["count", "1.0", 1],
      ["price", "1.50", 1.5],
      ["price", "1e3", 1000],
      ["paid", "true", true],
      ["paid", "FALSE", false],
      ["paid", "True", true],
      ["size", "M", "M"],
      ["size", "42", 42],
      ["size", "", null],
      ["answer", "yes", "yes"],
      ["maybe", "3", 3],
      ["maybe", "", null],
      ["maybe", "null", null],
      ["mixed", "3.5", 3.5],
      ["mixed", '"3.5"', "3.5"],
      ["mixed", "true", true],
      ["mixed", "abc", "abc"],
      ["word", "", null],
      ["word", '""', ""],
      ["word", "null", "null"],
      ["shared", "2", 2],
      ["all", "2", 2],
      ["tags", '"[""a"",""b""]"', ["a", "b"]],
      ["address", '"{""city"":""Québec""}"', { city: "Québec" }],
      ["a.b", "1", 1],
      ["free", "x", "x"],
      ["free", "7", 7],
      ["free", "[1]", [1]],
    ] as const
  ) {
    assertEquals(read(column, text), { [column]: value }, `${column}: ${text}`);
  }
});

Deno.test("CsvTable.read() leaves out an optional field without text", () => {
  for (const column of ["note", "price", "paid", "tags", "address.city"]) {
    assertEquals(read(`text,${column}`, "x,"), { text: "x" }, column);
  }
});

Deno.test("CsvTable.read() leaves a text as it is when it has no meaning for the type, for the schema to refuse", () => {
  for (
    const [column, text] of [
      ["count", "two"],
      ["count", ""],
      ["count", " 1"],
      ["count", "007"],
      ["count", "1,5"],
      ["price", "NaN"],
      ["price", "0x10"],
      ["paid", "1"],
      ["tags", "[1"],
      ["tags", "a"],
      ["size", "XL"],
    ] as const
  ) {
    const quoted = text.includes(",") ? `"${text}"` : text;
    assertEquals(read(column, quoted), { [column]: text }, column);
  }
});

Deno.test("CsvTable.read() fills nested objects by the names of their columns", () => {
  const table = new CsvTable(visits, "text,address.city,address.floor,a.b");
  assertEquals(table.read("x,Paris,3,1"), {
    text: "x",
    address: { city: "Paris", floor: 3 },
    "a.b": 1,
  });
  assertEquals(table.read("x,,,1"), { text: "x", "a.b": 1 });
});

Deno.test("CsvTable.read() refuses a number that can't be kept exactly, and a row of another length", () => {
  for (
    const [text, message] of [
      [
        "x,9007199254740993",
        "count is a number that can't be kept exactly: 9007199254740993",
      ],
      ["x", "The row has 1 field, and the header has 2"],
      ["x,1,2", "The row has 3 fields, and the header has 2"],
    ] as const
  ) {
    const table = new CsvTable(visits, "text,count");
    const error = assertThrows(() => table.read(text), InvalidEventError);
    assertEquals(error.message, message);
  }
});

Deno.test("CsvTable names the columns that the schema doesn't know, the required fields without a column, and what comes twice", () => {
  const table = new CsvTable(visits, 'text,"Note",address.street,text,,note');
  assertEquals(table.unknown, ["Note", "address.street", ""]);
  assertEquals(table.missing, ["count"]);
  assertEquals(table.repeated, ["text"]);
});
