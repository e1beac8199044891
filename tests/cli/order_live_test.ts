/**
 * How a live day is told in a line.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  clockText,
  DayTally,
  describeWeather,
  localDate,
  nextTimeOf,
} from "../../lib/cli/order_live.ts";
import { ORDER } from "../support/sample_order.ts";

/** An order at a local time. */
const at = (time: string, amount = 4.95) => ({
  ...ORDER,
  amount,
  ts_utc: Temporal.PlainDateTime.from(time)
    .toZonedDateTime(Temporal.Now.timeZoneId()).toInstant().toString(),
});

Deno.test("DayTally.describe() counts the orders of the newest day, to the cent", () => {
  const tally = new DayTally();
  assertEquals(tally.describe(), undefined);
  tally.add(at("2026-05-05T23:59:59", 100));
  tally.add(at("2026-05-06T00:00:00"));
  assertEquals(tally.describe(), "1 order and $4.95");
  // One that comes late is of the day before.
  tally.add(at("2026-05-05T23:59:58", 100));
  for (let count = 0; count < 1_999; count++) {
    tally.add(at("2026-05-06T08:00:00", 0.1));
  }
  assertEquals(tally.describe(), "2,000 orders and $204.85");
});

Deno.test("DayTally.add() passes over what is not an order", () => {
  const tally = new DayTally();
  tally.add({ card_id: "C-1001", points: 5 });
  assertEquals(tally.describe(), undefined);
});

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
