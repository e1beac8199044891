/**
 * Text made safe for a terminal.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { printable } from "../../lib/base/terminal_text.ts";
import { UNSAFE } from "../support/unsafe_text.ts";

Deno.test("printable() shows what a terminal would obey, and leaves text as it is", () => {
  for (const [unsafe, shown] of UNSAFE) {
    assertEquals(printable(`a${unsafe}b`), `a${shown}b`);
  }
  for (
    const text of ["", "Zoé", "山田 太郎", "☕ 👩‍🍳 𝄞", "a\u00a0b", "\\u001b"]
  ) {
    assertEquals(printable(text), text);
  }
});

Deno.test("printable() cuts very long text, never within a character, and says how long it is", () => {
  assertEquals(printable("x".repeat(1_000)), "x".repeat(1_000));
  assertEquals(
    printable("x".repeat(1_001)),
    `${"x".repeat(1_000)}… (1001 characters)`,
  );
  const cut = printable("x".repeat(999) + "𝄞".repeat(10));
  assert(cut.isWellFormed());
  assertMatch(cut, /^x{999}.*… \(1019 characters\)$/);
  assert(printable("\u001b".repeat(1_000_000)).length < 7_000);
});
