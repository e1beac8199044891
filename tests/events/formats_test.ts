/**
 * What counts as a UUID, and as a time in UTC.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isUtcTime, isUuid } from "../../lib/events/formats.ts";

Deno.test("isUuid() takes every version, in either case, and nothing around it", () => {
  const texts: [string, boolean][] = [
    [crypto.randomUUID(), true],
    ["d19fc126-039e-445e-a159-38d1ef21c70f", true],
    ["D19FC126-039E-545E-A159-38D1EF21C70F", true],
    ["00000000-0000-0000-0000-000000000000", true],
    ["", false],
    ["d19fc126039e445ea15938d1ef21c70f", false],
    ["d19fc126-039e-445e-a159-38d1ef21c70g", false],
    [" d19fc126-039e-445e-a159-38d1ef21c70f", false],
    ["d19fc126-039e-445e-a159-38d1ef21c70f\n", false],
    ["{d19fc126-039e-445e-a159-38d1ef21c70f}", false],
  ];
  for (const [text, expected] of texts) {
    assertEquals(isUuid(text), expected, JSON.stringify(text));
  }
});

Deno.test("isUtcTime() takes ISO 8601 in UTC, to any fraction of a second", () => {
  for (
    const text of [
      "2026-02-03T02:16:55Z",
      "2026-02-03t02:16:55z",
      "2026-02-03T02:16:55.7Z",
      "2026-02-03T02:16:55.763294123Z",
      "2026-02-03T02:16:55.763294+00:00",
      "2026-02-03T02:16:55-00:00",
      "2016-12-31T23:59:60Z",
      "0001-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z",
    ]
  ) assertEquals(isUtcTime(text), true, text);
});

Deno.test("isUtcTime() refuses other zones, what is no time, and anything around it", () => {
  for (
    const text of [
      "",
      "yesterday",
      "2026-02-03",
      "2026-02-03T02:16:55",
      "2026-02-03 02:16:55Z",
      "2026-02-03T02:16:55+02:00",
      "2026-02-03T02:16:55-00:30",
      "2026-02-03T24:00:00Z",
      "2026-02-03T02:60:00Z",
      "2026-02-03T02:16:60Z",
      "2026-02-03T02:16:55.Z",
      "2026-13-03T02:16:55Z",
      "2026-00-03T02:16:55Z",
      "2026-02-00T02:16:55Z",
      "26-02-03T02:16:55Z",
      "2026-02-03T02:16:55Z\n",
      " 2026-02-03T02:16:55Z",
    ]
  ) assertEquals(isUtcTime(text), false, JSON.stringify(text));
});

Deno.test("isUtcTime() knows how long each month is", () => {
  const lastDays: [string, number][] = [
    ["2026-01", 31],
    ["2026-02", 28],
    ["2024-02", 29],
    ["2000-02", 29],
    ["1900-02", 28],
    ["0004-02", 29],
    ["2026-04", 30],
    ["2026-06", 30],
    ["2026-09", 30],
    ["2026-11", 30],
    ["2026-12", 31],
  ];
  for (const [month, last] of lastDays) {
    for (const day of [28, 29, 30, 31]) {
      assertEquals(
        isUtcTime(`${month}-${day}T00:00:00Z`),
        day <= last,
        `${month}-${day}`,
      );
    }
  }
});
