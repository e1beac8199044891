/**
 * A busy day of the cafe: rushes in the morning and at noon, regulars with their habits, members who scan their cards, and what the
 * weather makes people drink.
 *
 * The same seed and date give the same day, the ids of its events included: a day that is produced twice counts once in a store.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { uuidV5 } from "../base/uuid_v5.ts";
import {
  arrivals,
  type DayOptions,
  randomOfDay,
  type Weather,
  weatherOf,
} from "./day.ts";
import { type LoyaltyScan, PLACES, REWARD_POINTS } from "./loyalty_scan.ts";
import { CUSTOMERS, type Order, PRICE_LIST_CENTS } from "./order.ts";
import { type RandomSource, randomSource, seedOf } from "./random.ts";

/** A customer's visit. */
export interface Visit {
  readonly order: Order;
  readonly scan?: LoyaltyScan;
}

/** The namespace of the events' ids: a random UUID, chosen once. */
const NAMESPACE = Buffer.from("b0a35a3f4e0c4c1c8f1d7a0c52e97d44", "hex");

/** How many orders a weekday has in an hour, from midnight on: some 3,000 in all. */
// deno-fmt-ignore
const WEEKDAY_HOURLY = [
  24, 18, 14, 12, 14, 24, 70, 190, 330, 260, 160, 180,
  340, 290, 170, 160, 170, 150, 130, 110, 90, 70, 50, 34,
];
/** What of it remains on Saturdays and Sundays. */
const WEEKEND_SHARE = 0.8;
/** What of it remains when it rains or snows. */
const WET_SHARE = 0.9;

/** From this temperature on a day is hot, in degrees Celsius. */
const HOT_CELSIUS = 24;
/** Up to this temperature a day is cold, in degrees Celsius. */
const COLD_CELSIUS = 8;

/** How often each drink is asked for, relative to the others, by weather. */
const MENU: Readonly<
  Record<"hot" | "mild" | "cold", Readonly<Record<string, number>>>
> = {
  // deno-fmt-ignore
  hot: { "Espresso": 2, "Americano": 2, "Cappuccino": 2, "Latte": 3, "Cold Brew": 12 },
  // deno-fmt-ignore
  mild: { "Espresso": 2, "Americano": 3, "Cappuccino": 3, "Latte": 5, "Cold Brew": 3 },
  // deno-fmt-ignore
  cold: { "Espresso": 2, "Americano": 3, "Cappuccino": 5, "Latte": 7, "Cold Brew": 0.5 },
};
/** How many cups an order has: 1, 2, 3 and 4, relative to each other. */
const QUANTITIES = { 1: 72, 2: 20, 3: 6, 4: 2 } as const;

const REGULARS_COUNT = 600;
/** How much more often the first regulars come than the last: 1 for no difference. */
const REGULARS_SKEW = 1.2;
/** How many of the visits are theirs. */
const REGULAR_VISITS = 0.7;
const MEMBER_SHARE = 0.7;
/** How often regulars have their favourite drink. */
const HABIT_SHARE = 0.7;
/** The same on a hot day. */
const HOT_HABIT_SHARE = 0.4;
/** How long after the order the card is scanned, in milliseconds. */
const SCAN_MS = 3_000;
const FIRST_CARD = 1_001;

// deno-fmt-ignore
const FIRST_NAMES = [
  "Aaliyah", "Adam", "Aisha", "Amélie", "Arjun", "Ava", "Benjamin", "Camille", "Chloe", "Daniel",
  "David", "Elena", "Emma", "Felix", "Gabriel", "Hannah", "Ibrahim", "Isla", "Jasmine", "Jin",
  "Kenji", "Laura", "Leo", "Liam", "Maya", "Mei", "Mateo", "Nadia", "Noah", "Olivia",
  "Omar", "Priya", "Quinn", "Rosa", "Samuel", "Sofia", "Tariq", "Uma", "Victor", "Zoe",
];
// deno-fmt-ignore
const LAST_NAMES = [
  "Adams", "Ahmed", "Bélanger", "Campbell", "Chan", "Chen", "Clarke", "Das", "Dubois", "Evans",
  "Fraser", "Gagnon", "Garcia", "Gill", "Hughes", "Ito", "Jones", "Kaur", "Kim", "Kowalski",
  "Lavoie", "Li", "MacDonald", "Mensah", "Murphy", "Nguyen", "Novak", "Okafor", "Patel", "Petrov",
  "Rossi", "Roy", "Sato", "Schmidt", "Silva", "Singh", "Tremblay", "Walker", "Wong", "Young",
];

interface Person {
  readonly name: string;
  readonly isMember: boolean;
  readonly card: string;
  readonly favourite: string;
  readonly place: string;
}

/** Draws one of several keys, each as often as its weight is to the others'. */
function drawn(
  random: RandomSource,
  weights: Readonly<Record<string, number>>,
): string {
  const entries = Object.entries(weights);
  let left = random.share() *
    entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  return entries[0]?.[0] ?? "";
}

/** Names a person: no two have the same name. The first ones are those of {@linkcode CUSTOMERS}. */
function nameOf(number: number): string {
  const [known] = CUSTOMERS[number] ?? [];
  const firsts = FIRST_NAMES.length;
  const lasts = LAST_NAMES.length;
  const round = Math.floor(number / firsts);
  return known ??
    `${FIRST_NAMES[number % firsts]} ${
      // 7 has no divisor in common with the number of names: people next to each other have different ones.
      LAST_NAMES[(number * 7 + round) % lasts]}`;
}

/** Makes someone, as a regular is from day to day. */
function personOf(number: number, random: RandomSource): Person {
  const draw = random.share();
  return {
    name: nameOf(number),
    isMember: CUSTOMERS[number]?.[1] ??
      (number < REGULARS_COUNT && draw < MEMBER_SHARE),
    card: `C-${FIRST_CARD + number}`,
    favourite: drawn(random, MENU.mild),
    place: random.pick(PLACES),
  };
}

function regularsOf(seed: number): Person[] {
  const random = randomSource(seedOf(`${seed} regulars`));
  return Array.from(
    { length: REGULARS_COUNT },
    (_, number) => personOf(number, random),
  );
}

function visitor(random: RandomSource, regulars: readonly Person[]): Person {
  if (random.share() < REGULAR_VISITS) {
    const rank = random.share() ** REGULARS_SKEW;
    return regulars[Math.floor(rank * REGULARS_COUNT)] as Person;
  }
  const passers = FIRST_NAMES.length * LAST_NAMES.length - REGULARS_COUNT;
  return personOf(REGULARS_COUNT + random.below(passers), random);
}

function menuOf({ celsius }: Weather): keyof typeof MENU {
  if (celsius >= HOT_CELSIUS) return "hot";
  return celsius <= COLD_CELSIUS ? "cold" : "mild";
}

/** Generates the visits of a day, in the sequence of their times. */
export function* visitsOfDay(
  options: DayOptions,
): Generator<Visit, void, undefined> {
  const { seed, date } = options;
  const random = randomOfDay(options, "visits");
  const regulars = regularsOf(seed);
  const weather = weatherOf(options);
  const menu = menuOf(weather);
  const share = (date.dayOfWeek > 5 ? WEEKEND_SHARE : 1) *
    (weather.isWet ? WET_SHARE : 1);
  const points = new Map<string, number>();
  let number = 0;
  for (
    const at of arrivals(
      options,
      WEEKDAY_HOURLY.map((count) => count * share),
    )
  ) {
    const person = visitor(random, regulars);
    const hasHabit = random.share() <
      (menu === "hot" ? HOT_HABIT_SHARE : HABIT_SHARE);
    const drink = hasHabit ? person.favourite : drawn(random, MENU[menu]);
    const quantity = Number(drawn(random, QUANTITIES));
    const cents = (PRICE_LIST_CENTS[drink] ?? 0) * quantity;
    const id = (kind: string) =>
      uuidV5(NAMESPACE, [`${seed} ${date} ${kind} ${number}`]);
    number++;
    const order: Order = {
      event_id: id("order"),
      customer_name: person.name,
      drink_name: drink,
      quantity,
      amount: cents / 100,
      is_member: person.isMember,
      ts_utc: new Date(at).toISOString(),
    };
    if (!person.isMember) {
      yield { order };
      continue;
    }
    const { card } = person;
    const collected = points.get(card) ?? 0;
    const earned = collected >= REWARD_POINTS
      ? -REWARD_POINTS
      : Math.floor(cents / 100);
    points.set(card, collected + earned);
    yield {
      order,
      scan: {
        event_id: id("scan"),
        card_id: card,
        customer_name: person.name,
        points: earned,
        place: person.place,
        ts_utc: new Date(at + SCAN_MS).toISOString(),
      },
    };
  }
}

/** The visits of a day and of all that follow, without end. */
function* visitsFrom(first: DayOptions): Generator<Visit, void, undefined> {
  for (let { date } = first;; date = date.add({ days: 1 })) {
    yield* visitsOfDay({ ...first, date });
  }
}

/** Generates the orders of a day and of all that follow, in the sequence of their times, without end. */
export function ordersFrom(first: DayOptions): IteratorObject<Order> {
  return visitsFrom(first).map(({ order }) => order);
}

/** Generates the loyalty scans of a day and of all that follow, in the sequence of their times, without end. */
export function scansFrom(first: DayOptions): IteratorObject<LoyaltyScan> {
  return visitsFrom(first).flatMap(({ scan }) => scan ? [scan] : []);
}
