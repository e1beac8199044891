/**
 * Times in ISO 8601.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { parseIsoTime } from "../../lib/base/iso_time.ts";

Deno.test("parseIsoTime() reads dates and times, with and without a zone", () => {
  for (
    const [text, expected] of [
      ["2026-02-02T21:00:00Z", Date.UTC(2026, 1, 2, 21)],
      ["2026-02-02t21:00z", Date.UTC(2026, 1, 2, 21)],
      ["2026-02-02 21:00:00.25+02:00", Date.UTC(2026, 1, 2, 19, 0, 0, 250)],
      ["2026-02-03T02:16:55.763294Z", Date.UTC(2026, 1, 3, 2, 16, 55, 763)],
      ["2024-02-29T00:00Z", Date.UTC(2024, 1, 29)],
      ["+275760-09-13T00:00:00.000Z", 8.64e15],
      ["2026-02-02", new Date(2026, 1, 2).getTime()],
      ["2026-02-02T21:00", new Date(2026, 1, 2, 21).getTime()],
    ] as const
  ) assertEquals(parseIsoTime(text), expected, text);
});

Deno.test("parseIsoTime() refuses what Date.parse takes for a time", () => {
  for (
    const text of [
      "",
      "5",
      "2026",
      "2026-02",
      "2026-02-31",
      "2025-02-29T12:00Z",
      "2026-02-02 (noon)",
      "2026-02-02T25:00",
      "2026-02-02T21",
      "2026-02-02T21:00+0200",
      "2 Feb 2026",
      "yesterday",
    ]
  ) assertEquals(parseIsoTime(text), undefined, text);
});
