/**
 * Tables on standard output.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { tableText } from "../../lib/cli/table.ts";

Deno.test("tableText() makes columns as wide as their widest cell, with numbers on the right", () => {
  assertEquals(
    tableText(["NAME", "LAG", "MEMBER"], [
      ["a", 5n, "x"],
      ["longer", undefined, "\x1b[31m"],
      ["b", 1_000, ""],
    ]).split("\n"),
    [
      "NAME     LAG  MEMBER",
      "a          5  x",
      "longer     -  \\u001b[31m",
      "b       1000",
    ],
  );
});
