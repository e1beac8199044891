/**
 * A day's weather, and when people come.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { arrivals, type DayOptions, weatherOf } from "../../lib/events/day.ts";

const DAY: DayOptions = {
  seed: 1,
  date: Temporal.PlainDate.from("2026-05-06"),
  timeZone: "America/Toronto",
};
const HOURLY = Array.from({ length: 24 }, (_, hour) => hour < 12 ? 0 : 200);
const HOUR_MS = 3_600_000;

Deno.test("arrivals() draws the same times for the same day, and others for another date or seed", () => {
  const times = (options: DayOptions) => [...arrivals(options, HOURLY)];
  assertEquals(times(DAY), times(DAY));
  assertNotEquals(times({ ...DAY, seed: 2 }), times(DAY));
  const next = times({ ...DAY, date: DAY.date.add({ days: 1 }) });
  assertNotEquals(next.map((at) => at - 24 * HOUR_MS), times(DAY));
});

Deno.test("arrivals() follows the curve within the local day, in sequence", () => {
  const times = [...arrivals(DAY, HOURLY)];
  const midnight = Date.parse("2026-05-06T04:00:00Z");
  const counts = HOURLY.map((_, hour) =>
    times.filter((at) => Math.floor((at - midnight) / HOUR_MS) === hour).length
  );
  assertEquals(counts.slice(0, 11), Array(11).fill(0));
  // The rate rises from 0 to 200 between 11 and 12 h, and falls so between 23 and 24 h.
  const half = [counts[11] ?? 0, counts[23] ?? 0];
  assert(half.every((count) => count > 60 && count < 140), `${half}`);
  const full = counts.slice(12, 23);
  assert(full.every((count) => count > 140 && count < 260), `${full}`);
  assertEquals(times, times.toSorted((a, b) => a - b));
  assertEquals(times.filter((at) => !Number.isInteger(at)), []);
});

Deno.test("arrivals() fills the day on which the clocks change", () => {
  const date = Temporal.PlainDate.from("2026-11-01");
  const times = [...arrivals({ ...DAY, date }, Array(24).fill(200))];
  const from = Date.parse("2026-11-01T04:00:00Z");
  const to = Date.parse("2026-11-02T05:00:00Z");
  assert(times.every((at) => at >= from && at < to));
  assert(times.some((at) => at > to - HOUR_MS));
});

Deno.test("weatherOf() goes with the season, and is the same each time", () => {
  const mean = (month: number) => {
    const first = Temporal.PlainDate.from({ year: 2026, month, day: 1 });
    const days = Array.from({ length: 28 }, (_, day) => {
      const options = { ...DAY, date: first.add({ days: day }) };
      assertEquals(weatherOf(options), weatherOf(options));
      return weatherOf(options);
    });
    assert(days.some(({ isWet }) => isWet));
    assert(days.some(({ isWet }) => !isWet));
    return days.reduce((sum, { celsius }) => sum + celsius, 0) / days.length;
  };
  assert(mean(7) > 18, `July: ${mean(7)}`);
  assert(mean(1) < 4, `January: ${mean(1)}`);
});
