/**
 * What the page computes, without a browser: figures, the course of a day, differences, JSON in lines.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { DaySnapshot } from "../../lib/web/api.ts";
import { courseOf, figuresOf, nowOf } from "../../lib/web/page/day.js";
import { differenceOf } from "../../lib/web/page/lines.js";
import { layOut } from "../../lib/web/page/message.js";
import { permittedTest } from "../support/permissions.ts";

const MINUTE_MS = 60_000;
const SINCE = Date.parse("2026-02-03T05:00:00Z");
const at = (hour: number, minute: number) =>
  SINCE + (hour * 60 + minute) * MINUTE_MS;

function dayOf(
  minutes: readonly (readonly [at: number, orders: number, cents: number])[],
): DaySnapshot {
  return {
    newest: minutes.at(-1)?.[0] ?? null,
    since: SINCE,
    minutes: minutes.map(([at, orders, cents]) => ({
      at,
      orders,
      cups: orders,
      cents,
      memberOrders: 0,
    })),
    drinks: [],
    guests: [],
    latest: [],
    cards: [],
    late: 0,
  };
}

Deno.test("figuresOf() compares the last 60 minutes with the 60 before, and counts the day from its start", () => {
  const day = dayOf([
    [SINCE - MINUTE_MS, 9, 900],
    [at(12, 3), 1, 100],
    [at(12, 4), 2, 400],
    [at(13, 3), 1, 300],
    [at(13, 4), 3, 600],
    [at(14, 3), 1, 500],
  ]);
  const now = at(14, 3) + 27_000;
  const [revenue, orders, , average, members] = figuresOf(day, now);
  assertEquals([revenue?.day, revenue?.hour, revenue?.before], [
    1_900,
    1_100,
    700,
  ]);
  assertEquals([orders?.day, orders?.hour, orders?.before], [8, 4, 3]);
  assertEquals([average?.hour, average?.before], [275, 700 / 3]);
  assertEquals(members?.hour, 0);
});

Deno.test("figuresOf() has nothing to compare with after an hour without orders", () => {
  const figures = figuresOf(dayOf([[at(8, 0), 1, 400]]), at(8, 5));
  assertEquals(figures.map(({ before }) => before), Array(5).fill(null));
});

Deno.test("courseOf() leaves gaps, marks the part that goes on, and puts yesterday beside it", () => {
  const day = dayOf([
    [at(14, 2) - 24 * 60 * MINUTE_MS, 1, 250],
    [at(14, 1), 1, 100],
    [at(14, 3), 2, 300],
  ]);
  const parts = courseOf(day, at(14, 3) + 27_000, {
    id: "2h",
    name: "",
    hours: 2,
    step: 1,
  });
  assertEquals(parts.length, 120);
  assertEquals(
    parts.slice(-3).map(({ at, totals, yesterday, unfinished }) => [
      at,
      totals?.cents,
      yesterday?.cents,
      unfinished,
    ]),
    [
      [at(14, 1), 100, undefined, false],
      [at(14, 2), undefined, 250, false],
      [at(14, 3), 300, undefined, true],
    ],
  );
});

Deno.test("nowOf() goes by the newest order where that is ahead", () => {
  const clock = Date.now();
  const hour = 60 * MINUTE_MS;
  assertEquals(nowOf(dayOf([[clock + hour, 1, 1]])), clock + hour);
  assertEquals(nowOf(dayOf([[SINCE, 1, 1]])) < clock + hour, true);
  assertEquals(nowOf(undefined) < clock + hour, true);
});

permittedTest(
  "courseOf() compares with the same time of the clock where it was set yesterday or today, and shows all hours of the day",
  [{ name: "env", variable: "TZ" }],
  () => {
    const zone = Deno.env.get("TZ");
    try {
      Deno.env.set("TZ", "America/Toronto");
      for (
        const [date, hours] of [
          ["2026-03-08", 23],
          ["2026-03-09", 24],
          ["2026-11-01", 25],
          ["2026-11-02", 24],
        ] as const
      ) {
        const local = Temporal.PlainDate.from(date);
        const at = (hour: number, days = 0) =>
          local.add({ days }).toZonedDateTime({
            timeZone: "America/Toronto",
            plainTime: { hour },
          }).epochMilliseconds;
        const day = {
          ...dayOf([[at(0, -1), 1, 100], [at(14, -1), 1, 200], [
            at(14),
            1,
            300,
          ]]),
          since: at(0),
        };
        const parts = courseOf(day, at(15), {
          id: "day",
          name: "",
          hours: 24,
          step: 15,
        });
        assertEquals(parts.length, hours * 4, date);
        assertEquals(parts[0]?.yesterday?.cents, 100, date);
        const shown = parts.find((part) => part.at === at(14));
        assertEquals([shown?.totals?.cents, shown?.yesterday?.cents], [
          300,
          200,
        ], date);
      }
    } finally {
      if (zone === undefined) Deno.env.delete("TZ");
      else Deno.env.set("TZ", zone);
    }
  },
);

Deno.test("differenceOf() finds the fewest lines that are added and removed", () => {
  const written = (before: string, after: string) =>
    differenceOf(before, after).map(({ kind, text }) =>
      `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`
    ).join("");
  assertEquals(written("a\nb\nc\nd", "a\nc\nx\nd"), " a-b c+x d");
  assertEquals(written("a", "a"), " a");
  assertEquals(written("a\nb", "c\nd"), "-a-b+c+d");
});

Deno.test("layOut() keeps each digit and each string, and leaves alone what is not JSON", () => {
  assertEquals(
    layOut(`{"a":12345678901234567890,"b":[1.50,{}],"c":"x, \\"{y}\\": z"}`),
    `{
  "a": 12345678901234567890,
  "b": [
    1.50,
    {}
  ],
  "c": "x, \\"{y}\\": z"
}`,
  );
  assertEquals(layOut("not an event"), "not an event");
});
