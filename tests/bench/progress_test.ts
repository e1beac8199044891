/** Tests of the display of a benchmark's progress. */

import { assertEquals } from "@std/assert";
import { BenchProgress } from "./progress.ts";

function streamOf(terminal: boolean) {
  let text = "";
  return {
    isTerminal: () => terminal,
    writeSync(bytes: Uint8Array) {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    get text() {
      return text;
    },
  };
}

Deno.test("BenchProgress writes a line for each run where nobody watches", () => {
  const stream = streamOf(false);
  const progress = new BenchProgress(2, stream);
  progress.begin("a");
  progress.end("a: 1 ms");
  progress.tell("Note");
  progress.begin("b");
  progress.end("b: 2 ms");
  progress.close();
  assertEquals(stream.text, "[1/2] a: 1 ms\nNote\n[2/2] b: 2 ms\n");
});

Deno.test("BenchProgress draws a bar over itself on a terminal", () => {
  const stream = streamOf(true);
  const progress = new BenchProgress(2, stream);
  progress.begin("a");
  progress.end("a: 1 ms");
  progress.begin("b");
  progress.close();
  assertEquals(
    stream.text,
    `\r${"░".repeat(24)} 0/2 a\x1b[K\r${"█".repeat(12)}${
      "░".repeat(12)
    } 1/2 b\x1b[K\r\x1b[K`,
  );
});
