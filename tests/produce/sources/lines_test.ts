/**
 * Lines of a stream, however it is cut into chunks.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { splitLines } from "../../../lib/produce/sources/lines.ts";
import { cuts, streamOf } from "../../support/chunks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Expected {
  number: number;
  text: string | undefined;
  end: number;
}

async function linesOf(
  chunks: Iterable<Uint8Array>,
  limit: number,
): Promise<Expected[]> {
  const lines: Expected[] = [];
  for await (
    const { number, bytes, end } of splitLines(streamOf(chunks), {
      limitBytes: limit,
    })
  ) {
    lines.push({ number, text: bytes && decoder.decode(bytes), end });
  }
  return lines;
}

const TABLE: readonly [
  text: string,
  limit: number,
  lines: [string | undefined, number][],
][] = [
  ["", 9, []],
  ["one", 9, [["one", 3]]],
  ["one\n", 9, [["one", 3]]],
  ["one\ntwo", 9, [["one", 3], ["two", 7]]],
  ["one\r\ntwo\r\n", 9, [["one", 3], ["two", 8]]],
  ["\n\r\n\n", 9, [["", 0], ["", 1], ["", 3]]],
  ["a\rb\r\r\n", 9, [["a\rb\r", 4]]],
  ["é☕𝄞\nü", 9, [["é☕𝄞", 9], ["ü", 12]]],
  ["1234\n12345\n123456\n", 5, [["1234", 4], ["12345", 10], [undefined, 17]]],
  ["12345\r\n123456\r\n1\n", 5, [["12345", 5], [undefined, 14], ["1", 16]]],
  ["12345678901234567890", 5, [[undefined, 20]]],
  ["1234567\n\nx", 5, [[undefined, 7], ["", 8], ["x", 10]]],
  ["12345", 5, [["12345", 5]]],
];

Deno.test("splitLines() gives the same lines, numbers and ends wherever the stream is cut", async () => {
  for (const [text, limit, lines] of TABLE) {
    const bytes = encoder.encode(text);
    const expected = lines.map(([text, end], i) => ({
      number: i + 1,
      text,
      end,
    }));
    for (const chunks of cuts(bytes)) {
      assertEquals(
        await linesOf(chunks, limit),
        expected,
        `${JSON.stringify(text)} as ${chunks.map((c) => c.length)}`,
      );
    }
  }
});

Deno.test("splitLines() gives a line before it reads on", async () => {
  let taken = 0;
  async function* slow() {
    for (const text of ["one\ntw", "o\n"]) {
      taken++;
      await Promise.resolve();
      yield encoder.encode(text);
    }
  }
  const lines = splitLines(slow(), { limitBytes: 9 });
  assertEquals((await lines.next()).value?.end, 3);
  assertEquals(taken, 1);
  assertEquals((await lines.next()).value?.end, 7);
  assertEquals((await lines.next()).done, true);
});

Deno.test("splitLines() passes over a line of any length, and counts its bytes", async () => {
  const chunk = encoder.encode("x".repeat(65_536));
  function* endless() {
    for (let i = 0; i < 2_000; i++) yield chunk;
    yield encoder.encode("\nok\n");
  }
  const end = 2_000 * 65_536;
  assertEquals(await linesOf(endless(), 100), [
    { number: 1, text: undefined, end },
    { number: 2, text: "ok", end: end + 3 },
  ]);
});

Deno.test("splitLines() goes on behind a line, whose break it passes over", async () => {
  const start = { offset: 10, line: 3 };
  const read = async (text: string) => {
    const lines: unknown[] = [];
    const stream = ReadableStream.from([encoder.encode(text)]);
    for await (const line of splitLines(stream, { limitBytes: 100, start })) {
      const { number, bytes, end, open } = line;
      lines.push([number, bytes && decoder.decode(bytes), end, open]);
    }
    return lines;
  };
  assertEquals(await read("\na\nb"), [[4, "a", 12, false], [5, "b", 14, true]]);
  assertEquals(await read("\r\na\n"), [[4, "a", 13, false]]);
  // More of the line itself, where there was an end.
  assertEquals(await read("a\n"), [[4, "a", 11, false]]);
  // A blank line is one of its own.
  assertEquals(await read("\n\na\n"), [[4, "", 11, false], [
    5,
    "a",
    13,
    false,
  ]]);
});
