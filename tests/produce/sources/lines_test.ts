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
  ["one\n", 9, [["one", 4]]],
  ["one\ntwo", 9, [["one", 4], ["two", 7]]],
  ["one\r\ntwo\r\n", 9, [["one", 5], ["two", 10]]],
  ["\n\r\n\n", 9, [["", 1], ["", 3], ["", 4]]],
  ["a\rb\r\r\n", 9, [["a\rb\r", 6]]],
  ["é☕𝄞\nü", 9, [["é☕𝄞", 10], ["ü", 12]]],
  ["1234\n12345\n123456\n", 5, [["1234", 5], ["12345", 11], [undefined, 18]]],
  ["12345\r\n123456\r\n1\n", 5, [["12345", 7], [undefined, 15], ["1", 17]]],
  ["12345678901234567890", 5, [[undefined, 20]]],
  ["1234567\n\nx", 5, [[undefined, 8], ["", 9], ["x", 10]]],
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
  assertEquals((await lines.next()).value?.end, 4);
  assertEquals(taken, 1);
  assertEquals((await lines.next()).value?.end, 8);
  assertEquals((await lines.next()).done, true);
});

Deno.test("splitLines() passes over a line of any length, and counts its bytes", async () => {
  const chunk = encoder.encode("x".repeat(65_536));
  function* endless() {
    for (let i = 0; i < 2_000; i++) yield chunk;
    yield encoder.encode("\nok\n");
  }
  const end = 2_000 * 65_536 + 1;
  assertEquals(await linesOf(endless(), 100), [
    { number: 1, text: undefined, end },
    { number: 2, text: "ok", end: end + 3 },
  ]);
});

Deno.test("splitLines() goes on behind a line whose break has come since, and counts it no second time", async () => {
  const place = { offset: 10, line: 3, open: true };
  const read = async (text: string, start = place) => {
    const lines: unknown[] = [];
    const stream = ReadableStream.from([encoder.encode(text)]);
    for await (const line of splitLines(stream, { limitBytes: 100, start })) {
      const { number, bytes, end, open } = line;
      lines.push([number, bytes && decoder.decode(bytes), end, open]);
    }
    return lines;
  };
  assertEquals(await read("\na\nb"), [[4, "a", 13, false], [5, "b", 14, true]]);
  assertEquals(await read("\r\na\n"), [[4, "a", 14, false]]);
  // More of the line itself, where there was an end.
  assertEquals(await read("a\n"), [[4, "a", 12, false]]);
  // A blank line behind a line that was complete is one of its own.
  assertEquals(await read("\na\n", { ...place, open: false }), [
    [4, "", 11, false],
    [5, "a", 13, false],
  ]);
});
