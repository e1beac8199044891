/**
 * Tests of messages as a table for spreadsheets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { csvWriter } from "../../lib/web/csv.ts";

Deno.test("csvWriter() writes no text that a spreadsheet would compute, and leaves numbers as they are", () => {
  const texts = ["=1", "+1", "-1", "@a", "\n=1", "\t", "\uFF1D1", "a=1"];
  const event = { ...texts, less: -1 };
  const table = csvWriter()({
    topic: "demo",
    partition: 0,
    offset: "0",
    timestamp: 0,
    key: null,
    value: null,
    headers: [],
    decoded: { event, schemaId: 1 },
    letter: undefined,
  });
  const [, line] = table.split("\r\n");
  assertEquals(
    line,
    "0,0,1970-01-01T00:00:00.000Z,,'=1,'+1,'-1,'@a,\"'\n=1\",'\t,'\uFF1D1,a=1,-1,,",
  );
});
