/**
 * When a live day begins, and how its weather is told.
 *
 * @module
 */

import { assert, assertMatch } from "@std/assert";
import {
  clockText,
  describeWeather,
  localDate,
  nextTimeOf,
} from "../../lib/cli/order_live.ts";

Deno.test("nextTimeOf() is the next time of an hour: today's or tomorrow's", () => {
  for (let hour = 0; hour < 24; hour++) {
    const next = nextTimeOf(hour);
    assert(next >= Date.now() - 1_000 && next < Date.now() + 25 * 3_600_000);
    assertMatch(
      clockText(next),
      new RegExp(`^\\w{3} ${String(hour).padStart(2, "0")}:00$`),
    );
  }
});

Deno.test("describeWeather() tells the temperature and the sky", () => {
  const date = localDate(Date.parse("2026-05-06T12:00:00Z"));
  assertMatch(
    describeWeather({ seed: 1, date }),
    /^-?\d+ °C and (sunny|rainy|snowy)$/,
  );
});
