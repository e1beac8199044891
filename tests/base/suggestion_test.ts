/**
 * What is suggested for a mistyped word.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { closestTo } from "../../lib/base/suggestion.ts";

Deno.test("closestTo() finds the word when letters are missing, added, wrong or swapped", () => {
  const known = ["partitions", "topic", "count", "json"];
  for (
    const [typed, meant] of [
      ["partition", "partitions"],
      ["topics", "topic"],
      ["tobic", "topic"],
      ["tpoic", "topic"],
      ["cuont", "count"],
      ["JSON", "json"],
      ["jsno", "json"],
    ] as const
  ) assertEquals(closestTo(typed, known), meant, typed);
});

Deno.test("closestTo() finds nothing when no word is similar", () => {
  assertEquals(closestTo("bogus", ["topic", "count", "json"]), undefined);
  assertEquals(closestTo("", ["topic"]), undefined);
  assertEquals(closestTo("2", ["0", "1", "all"]), undefined);
  assertEquals(closestTo("topic", []), undefined);
});
