/**
 * JSON values one behind the other or in an array, however the bytes are cut into chunks.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../../lib/base/errors.ts";
import { splitValues } from "../../../lib/produce/sources/json_values.ts";
import type { FilePlace } from "../../../lib/produce/sources/record.ts";
import { cuts, streamOf } from "../../support/chunks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Value = readonly [number: number, text: string | undefined, end: number];

async function valuesOf(
  chunks: Iterable<Uint8Array>,
  start?: FilePlace,
): Promise<Value[]> {
  const values: Value[] = [];
  const options = { limitBytes: 20, start };
  for await (const value of splitValues(streamOf(chunks), options)) {
    const { number, bytes, end } = value;
    values.push([number, bytes && decoder.decode(bytes), end]);
  }
  return values;
}

const TABLE: readonly [text: string, values: Value[]][] = [
  ["", []],
  [" \r\n\t", []],
  ["[]", []],
  ["[ {} ]\n", [[1, "{}", 4]]],
  ['[\n  {\n    "a": 1\n  },\n  {}\n]\n', [
    [1, '{\n    "a": 1\n  }', 20],
    [2, "{}", 26],
  ]],
  ['[{"a":"]}\\""},{"b":[[]]}]', [
    [1, '{"a":"]}\\""}', 13],
    [2, '{"b":[[]]}', 24],
  ]],
  ['[1,"a,b",null , true]', [
    [1, "1", 2],
    [2, '"a,b"', 8],
    [3, "null", 13],
    [4, "true", 20],
  ]],
  ['{"a":1}\n{\n}{} "x"1', [
    [1, '{"a":1}', 7],
    [2, "{\n}", 11],
    [3, "{}", 13],
    [4, '"x"', 17],
    [5, "1", 18],
  ]],
  // What is wrong within a value is for the parser to find.
  ['[{"a":1,},{oops},nul]', [
    [1, '{"a":1,}', 9],
    [2, "{oops}", 16],
    [3, "nul", 20],
  ]],
  ['["é☕𝄞"]', [[1, '"é☕𝄞"', 12]]],
  ['["12345678901234567890",1]', [[1, undefined, 23], [2, "1", 25]]],
];

Deno.test("splitValues() gives the same values, numbers and ends wherever the stream is cut", async () => {
  for (const [text, values] of TABLE) {
    for (const chunks of cuts(encoder.encode(text))) {
      assertEquals(
        await valuesOf(chunks),
        values,
        `${JSON.stringify(text)} as ${chunks.map((c) => c.length)}`,
      );
    }
  }
});

Deno.test("splitValues() says where the JSON ends or breaks when nothing after it can be read", async () => {
  for (
    const [text, message] of [
      [
        '[{"a":1}',
        "The JSON ends before its array does at byte 9, behind element 1",
      ],
      [
        "[1,",
        "The JSON ends before its array does at byte 4, behind element 1",
      ],
      ['{"a":{}', "The JSON ends within a value at byte 8, behind element 0"],
      ['"a', "The JSON ends within a value at byte 3, behind element 0"],
      ["[1 2]", "The JSON is broken at byte 4, behind element 1"],
      ["[1,]", "The JSON is broken at byte 4, behind element 1"],
      ["[,1]", "The JSON is broken at byte 2, behind element 0"],
      ["[1]]", "The JSON is broken at byte 4, behind element 1"],
      ["{}}", "The JSON is broken at byte 3, behind element 1"],
      ["{},{}", "The JSON is broken at byte 3, behind element 1"],
      ["[] {}", "The JSON is broken at byte 4, behind element 0"],
    ] as const
  ) {
    const chunks = Array.from(encoder.encode(text), (b) => new Uint8Array([b]));
    const error = await assertRejects(() => valuesOf(chunks), PipelineError);
    assertEquals(error.message, message, text);
  }
});

Deno.test("splitValues() goes on behind an element of an array, and behind a value", async () => {
  const read = (text: string) =>
    valuesOf([encoder.encode(text)], { offset: 10, line: 3 });
  assertEquals(await read(" , {}\n]"), [[4, "{}", 15]]);
  assertEquals(await read("]\n"), []);
  assertEquals(await read("\n{}\n{}"), [[4, "{}", 13], [5, "{}", 16]]);
});
