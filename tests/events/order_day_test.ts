/**
 * The busy day: the same from the same seed, with rushes, habits, weather and cards.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type DayOptions, weatherOf } from "../../lib/events/day.ts";
import { loyaltyScans } from "../../lib/events/loyalty_scan.ts";
import { CUSTOMERS, orders, PRICE_LIST_CENTS } from "../../lib/events/order.ts";
import {
  ordersFrom,
  scansFrom,
  type Visit,
  visitsOfDay,
} from "../../lib/events/order_day.ts";

const DAY: DayOptions = {
  seed: 1,
  date: Temporal.PlainDate.from("2026-05-06"),
  timeZone: "America/Toronto",
};
const visits = [...visitsOfDay(DAY)];

const dayOn = (date: Temporal.PlainDate) => ({ ...DAY, date });
/** Finds a weekday with such weather. */
function weekday(fits: (celsius: number, isWet: boolean) => boolean) {
  let { date } = DAY;
  for (;; date = date.add({ days: 1 })) {
    const { celsius, isWet } = weatherOf(dayOn(date));
    if (date.dayOfWeek <= 5 && fits(celsius, isWet)) return dayOn(date);
  }
}
const share = (all: readonly Visit[], fits: (visit: Visit) => boolean) =>
  all.filter(fits).length / all.length;
const dollars = (all: readonly Visit[]) =>
  all.reduce((sum, { order }) => sum + order.amount, 0);

Deno.test("visitsOfDay() gives the same day for the same seed and date, ids and times included", () => {
  assertEquals([...visitsOfDay(DAY)], visits);
  const others = [
    ...visitsOfDay({ ...DAY, seed: 2 }),
    ...visitsOfDay(dayOn(DAY.date.add({ days: 1 }))),
  ];
  assertNotEquals(others.slice(0, visits.length), visits);
  const ids = [...visits, ...others].flatMap(({ order, scan }) => [
    order.event_id,
    ...(scan ? [scan.event_id] : []),
  ]);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("visitsOfDay() gives valid events in the sequence of their times, priced by the list", () => {
  let before = Date.parse("2026-05-06T04:00:00Z");
  for (const { order, scan } of visits) {
    orders.check(order);
    if (scan) loyaltyScans.check(scan);
    const at = Date.parse(order.ts_utc);
    assert(at >= before);
    before = at;
    const cents = PRICE_LIST_CENTS[order.drink_name] ?? NaN;
    assertEquals(Math.round(order.amount * 100), cents * order.quantity);
  }
  assert(before < Date.parse("2026-05-07T04:00:00Z"));
});

Deno.test("visitsOfDay() has 2,000 to 4,000 orders on every day of a year", () => {
  for (let days = 0; days < 365; days += 13) {
    const options = dayOn(DAY.date.add({ days }));
    const { length } = [...visitsOfDay(options)];
    assert(length >= 2_000 && length <= 4_000, `${options.date}: ${length}`);
  }
});

Deno.test("visitsOfDay() has a rush in the morning and one at noon, and a quiet night", () => {
  const at = (hour: number) =>
    visits.filter(({ order }) =>
      Temporal.Instant.from(order.ts_utc)
        .toZonedDateTimeISO("America/Toronto").hour === hour
    ).length;
  assert(at(8) > 1.5 * at(10), `${at(8)} at 8, ${at(10)} at 10`);
  assert(at(12) > 1.4 * at(14), `${at(12)} at 12, ${at(14)} at 14`);
  assert(at(3) > 0 && at(3) < at(8) / 8, `${at(3)} at 3, ${at(8)} at 8`);
});

Deno.test("visitsOfDay() lets every member scan a card, and nobody else", () => {
  const cards = new Map<string, string>();
  for (const { order, scan } of visits) {
    assertEquals(order.is_member, scan !== undefined);
    if (!scan) continue;
    assertEquals(scan.customer_name, order.customer_name);
    assertEquals(cards.get(scan.customer_name) ?? scan.card_id, scan.card_id);
    cards.set(scan.customer_name, scan.card_id);
    assertEquals(
      Date.parse(scan.ts_utc) - Date.parse(order.ts_utc),
      3_000,
    );
    assert(scan.points === -50 || scan.points === Math.floor(order.amount));
  }
  assertEquals(new Set(cards.values()).size, cards.size);
  const members = share(visits, ({ order }) => order.is_member);
  assert(members > 0.35 && members < 0.6, `${members}`);
});

Deno.test("visitsOfDay() knows the customers and the cards of the other generators", () => {
  const cards = new Map<string, string>();
  for (const { scan } of visits) {
    if (scan) cards.set(scan.customer_name, scan.card_id);
  }
  const scans = loyaltyScans.generate?.({ seed: 1 });
  assert(scans);
  for (let i = 0; i < 20; i++) {
    const { customer_name, card_id } = scans.next().value;
    assertEquals(cards.get(customer_name), card_id);
  }
  for (const [name, isMember] of CUSTOMERS) {
    const own = visits.filter(({ order }) => order.customer_name === name);
    assert(own.length > 0, name);
    assert(own.every(({ order }) => order.is_member === isMember), name);
  }
});

Deno.test("visitsOfDay() gives regulars a favourite drink that they keep from day to day", () => {
  const days = [0, 1, 2].map((days) =>
    [...visitsOfDay(dayOn(DAY.date.add({ days })))].filter(({ order }) =>
      order.customer_name === "Alice Johnson"
    )
  );
  const favourites = days.map((own) =>
    Object.keys(PRICE_LIST_CENTS).find((drink) =>
      share(own, ({ order }) => order.drink_name === drink) > 0.5
    )
  );
  assert(favourites[0] !== undefined);
  assertEquals(new Set(favourites).size, 1);
});

Deno.test("visitsOfDay() sells more Cold Brew on a hot day, and less of everything on a wet one", () => {
  const hot = [...visitsOfDay(weekday((celsius) => celsius >= 26))];
  const cold = [...visitsOfDay(weekday((celsius) => celsius <= 2))];
  const isCold = ({ order }: Visit) => order.drink_name === "Cold Brew";
  assert(share(hot, isCold) > 2 * share(cold, isCold));
  const dry = [...visitsOfDay(weekday((_, isWet) => !isWet))];
  const wet = [...visitsOfDay(weekday((_, isWet) => isWet))];
  assert(wet.length < dry.length);
  assert(dollars(wet) < dollars(dry));
});

Deno.test("ordersFrom() and scansFrom() go on with the next day", () => {
  const next = [...visitsOfDay(dayOn(DAY.date.add({ days: 1 })))];
  const both = [...visits, ...next];
  assertEquals(
    ordersFrom(DAY).take(both.length).toArray(),
    both.map(({ order }) => order),
  );
  const scans = both.flatMap(({ scan }) => scan ?? []);
  assertEquals(scansFrom(DAY).take(scans.length).toArray(), scans);
});
