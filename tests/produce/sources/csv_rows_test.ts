/**
 * Rows of CSV, however the bytes are cut into chunks, and whatever is wrong with their quotes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  splitFields,
  splitRows,
} from "../../../lib/produce/sources/csv_rows.ts";
import type { FilePlace } from "../../../lib/produce/sources/record.ts";
import { cuts, streamOf } from "../../support/chunks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const NOT_CLOSED = "A quote is never closed";
const STRAY =
  "A field with a quote in it must be quoted, and the quote doubled";
const TOO_FAR = "A quote is not closed within 9 bytes";

type Row = readonly [text: string | undefined, end: number, problem?: string];

async function rowsOf(
  chunks: Iterable<Uint8Array>,
  options: { readonly limitBytes: number; readonly start?: FilePlace },
): Promise<{ rows: Row[]; numbers: number[]; open: number[] }> {
  const rows: Row[] = [];
  const numbers: number[] = [];
  const openNumbers: number[] = [];
  for await (
    const { number, bytes, end, open, problem } of splitRows(
      streamOf(chunks),
      options,
    )
  ) {
    const text = bytes && decoder.decode(bytes);
    rows.push(problem === undefined ? [text, end] : [text, end, problem]);
    numbers.push(number);
    if (open) openNumbers.push(number);
  }
  return { rows, numbers, open: openNumbers };
}

const TABLE: readonly [text: string, limitBytes: number, rows: Row[]][] = [
  ["", 9, []],
  ["a,b", 9, [["a,b", 3]]],
  ["a,b\r\n1,2\r\n", 9, [["a,b", 3], ["1,2", 8]]],
  ["a\n\n\r\nb\n", 9, [["a", 1], ["", 2], ["", 3], ["b", 6]]],
  ['"a\nb",1\nc\n', 9, [['"a\nb",1', 7], ["c", 9]]],
  ['"a\r\nb"\r\nc', 9, [['"a\r\nb"', 6], ["c", 9]]],
  ['x,"a""\n""b"\n1', 20, [['x,"a""\n""b"', 11], ["1", 13]]],
  ['"","\n"\n,""', 9, [['"","\n"', 6], [',""', 10]]],
  ['é,"☕\n𝄞"\nü', 20, [['é,"☕\n𝄞"', 13], ["ü", 16]]],
  // What a quote spoils is its own line.
  ['a,"b\nc\nd\n', 9, [['a,"b', 4, NOT_CLOSED], ["c", 6], ["d", 8]]],
  ['a,"b\nc,d', 9, [['a,"b', 4, NOT_CLOSED], ["c,d", 8]]],
  ['"a\n"b"\nc', 9, [['"a', 2, NOT_CLOSED], ['"b"', 6], ["c", 8]]],
  ['"a\n"b\nc', 9, [
    ['"a', 2, NOT_CLOSED],
    ['"b', 5, NOT_CLOSED],
    ["c", 7],
  ]],
  ['a"b\n"a"b\nc', 9, [['a"b', 3, STRAY], ['"a"b', 8, STRAY], ["c", 10]]],
  [' "a"\nb', 9, [[' "a"', 4, STRAY], ["b", 6]]],
  ['"', 9, [['"', 1, NOT_CLOSED]]],
  ['"a', 9, [['"a', 2, NOT_CLOSED]]],
  ['"a\n', 9, [['"a', 2, NOT_CLOSED]]],
  // Nor is more kept than the limit.
  ["1234567890\n1\n", 9, [[undefined, 10], ["1", 12]]],
  ["123456789\r\n1", 9, [["123456789", 9], ["1", 12]]],
  ['"1\n3456789012\n1\n', 9, [
    ['"1', 2, TOO_FAR],
    [undefined, 13],
    ["1", 15],
  ]],
  ['"234567890"\n"1"\n', 9, [[undefined, 11], ['"1"', 15]]],
];

Deno.test("splitRows() gives the same rows, numbers and ends wherever the stream is cut", async () => {
  for (const [text, limitBytes, expected] of TABLE) {
    for (const chunks of cuts(encoder.encode(text))) {
      const { rows, numbers } = await rowsOf(chunks, { limitBytes });
      const name = `${JSON.stringify(text)} as ${chunks.map((c) => c.length)}`;
      assertEquals(rows, expected, name);
      assertEquals(numbers, expected.map((_, i) => i + 1), name);
    }
  }
});

Deno.test("splitRows() marks a row that the file ends in, as more of it may come", async () => {
  for (
    const [text, open] of [
      ["a\nb", [2]],
      ["a\nb\n", []],
      ['a\n"b\n', [2]],
      // The quote may still be closed: the row that it spoils is not done.
      ['a\n"b\nc\n', [2]],
    ] as const
  ) {
    const found = await rowsOf([encoder.encode(text)], { limitBytes: 9 });
    assertEquals(found.open, [...open], JSON.stringify(text));
  }
});

Deno.test("splitRows() keeps no more than a row and a chunk when a quote is never closed", async () => {
  const chunk = encoder.encode("x".repeat(65_536));
  function* endless() {
    yield encoder.encode('1,"a\n');
    for (let i = 0; i < 2_000; i++) yield chunk;
    yield encoder.encode("\nok\n");
  }
  const end = 5 + 2_000 * 65_536;
  const { rows } = await rowsOf(endless(), { limitBytes: 9 });
  assertEquals(rows, [
    ['1,"a', 4, TOO_FAR],
    [undefined, end],
    ["ok", end + 3],
  ]);
});

Deno.test("splitRows() goes on behind a row, whose line break it passes over", async () => {
  const start = { offset: 10, line: 3 };
  const read = async (text: string) => {
    const options = { limitBytes: 9, start };
    const { rows, numbers } = await rowsOf([encoder.encode(text)], options);
    return rows.map(([row, end], i) => [numbers[i], row, end]);
  };
  assertEquals(await read('\n"a\nb"\n'), [[4, '"a\nb"', 16]]);
  assertEquals(await read("\r\na\n"), [[4, "a", 13]]);
  assertEquals(await read("\n\na\n"), [[4, "", 11], [5, "a", 13]]);
});

Deno.test("splitFields() gives each field's text, and whether it is quoted", () => {
  const plain = (text: string) => ({ text, quoted: false });
  const quoted = (text: string) => ({ text, quoted: true });
  for (
    const [row, fields] of [
      ["", [plain("")]],
      ["a", [plain("a")]],
      ["a, b ,", [plain("a"), plain(" b "), plain("")]],
      [",", [plain(""), plain("")]],
      ['""', [quoted("")]],
      ['"a,b",c', [quoted("a,b"), plain("c")]],
      ['a,"b ""c""\r\n"', [plain("a"), quoted('b "c"\r\n')]],
      ['"""",""', [quoted('"'), quoted("")]],
    ] as const
  ) {
    assertEquals(splitFields(row), [...fields], row);
  }
});
