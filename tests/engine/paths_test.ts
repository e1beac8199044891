/**
 * The records of an engine.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { parseRecord } from "../../lib/engine/paths.ts";

Deno.test("parseRecord() reads a record, and nothing from what is none", () => {
  const parse = (text?: string) => parseRecord<{ pid: number }>(text, "pid");
  assertEquals(parse('{"pid":4711}'), { pid: 4711 });
  for (
    const text of [undefined, "", "4711", "null", "garbage", "{}", "[]", "\0"]
  ) {
    assertEquals(parse(text), undefined, text);
  }
});
