/**
 * Reading bytes as UTF-8.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { decodeUtf8 } from "../../lib/base/utf8.ts";

Deno.test("decodeUtf8() reads views of any kind, a byte order mark included", () => {
  for (const text of ["", "a", "é☕😀", "\ufeffa", "\0"]) {
    const bytes = new TextEncoder().encode(`<${text}>`);
    assertEquals(decodeUtf8(bytes.subarray(1, -1)), text);
    assertEquals(decodeUtf8(Buffer.from(text)), text);
  }
});

Deno.test("decodeUtf8() tells bytes that aren't UTF-8 from a replacement character that stands for itself", () => {
  assertEquals(decodeUtf8(Buffer.from("a\ufffdb")), "a\ufffdb");
  // Cut off, not shortest, a surrogate, beyond Unicode, a stray byte; and one beside an honest replacement.
  for (
    const hex of [
      "61e298",
      "c0af",
      "eda080",
      "f4908080",
      "80",
      "efbfbd80",
    ]
  ) {
    assertEquals(decodeUtf8(Uint8Array.fromHex(hex)), undefined, hex);
  }
});
