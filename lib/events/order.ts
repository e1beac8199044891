/**
 * The event of this pipeline: one order of a customer. Its type, its check against the schema, its key, and a
 * generator of random orders.
 *
 * @module
 */

import { Ajv, type ErrorObject } from "ajv";
import addFormats from "ajv-formats";
import schema from "../../schemas/customer_event.schema.json" with {
  type: "json",
};
import { InvalidEventError } from "../base/errors.ts";

/** One order, as `schemas/customer_event.schema.json` defines it. */
export interface CustomerEvent {
  /** Identifies the order: a UUID. */
  readonly event_id: string;
  /** The customer's full name. */
  readonly customer_name: string;
  /** The drink that was ordered. */
  readonly drink_name: string;
  /** How many of the drink: a whole number from 1. */
  readonly quantity: number;
  /** The price of the whole order in Canadian dollars. */
  readonly amount: number;
  /** Whether the customer is a member of the cafe. */
  readonly is_member: boolean;
  /** When the order was made: ISO 8601 in UTC. */
  readonly ts_utc: string;
}

/** The schema as it is registered: the file's JSON with no white space. */
export const CUSTOMER_EVENT_SCHEMA: string = JSON.stringify(schema);

// Compiled on first use, so that a task that checks no event doesn't pay for it.
let check: ((value: unknown) => value is CustomerEvent) & {
  errors?: ErrorObject[] | null;
};

// What nearly every order has; whatever it doesn't match goes to the full check, which takes four times as long.
const USUAL_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|\+00:00)$/;
const USUAL_UUID =
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function compile() {
  const ajv = addFormats.default(new Ajv({ allErrors: true, logger: false }));
  const quickly = (name: "date-time" | "uuid", usual: RegExp) => {
    const full = addFormats.default.get(name);
    const validate = typeof full === "object" && "validate" in full
      ? full.validate
      : full;
    const test = validate instanceof RegExp
      ? (text: string) => validate.test(text)
      : validate as (text: string) => boolean;
    ajv.addFormat(name, (text: string) => usual.test(text) || test(text));
  };
  quickly("date-time", USUAL_TIME);
  quickly("uuid", USUAL_UUID);
  return ajv.compile<CustomerEvent>(schema);
}

/**
 * Says in one line what a schema check found.
 *
 * @param errors What Ajv reported.
 * @returns Each finding with the path of the field, separated by semicolons.
 */
export function describeSchemaErrors(
  errors: readonly ErrorObject[] | null | undefined,
): string {
  return (errors ?? [])
    .map(({ instancePath, message }) =>
      `${instancePath.slice(1) || "the event"} ${message}`
    )
    .join("; ");
}

/**
 * Checks a value against the schema.
 *
 * @param value Any JSON value.
 * @returns The same value, known to be an event.
 * @throws {InvalidEventError} If it isn't one; the message names each field and what is wrong with it.
 */
export function checkCustomerEvent(value: unknown): CustomerEvent {
  check ??= compile();
  if (check(value)) return value;
  throw new InvalidEventError(
    `Not a valid order: ${describeSchemaErrors(check.errors)}`,
  );
}

/**
 * Makes a message's key: the customer's name in lower case with underscores, so that a customer's orders share a
 * partition and keep their order.
 *
 * @param event The order.
 * @returns The key, such as `diana_martinez`.
 */
export function keyOf(event: Pick<CustomerEvent, "customer_name">): string {
  return event.customer_name.toLowerCase().replaceAll(" ", "_");
}

const CUSTOMERS: readonly (readonly [name: string, member: boolean])[] = [
  ["Alice Johnson", true],
  ["Bob Smith", true],
  ["Charlie Davis", false],
  ["Diana Martinez", false],
  ["Ethan Brown", true],
  ["Fatima Khan", false],
  ["Grace Lee", true],
  ["Hiro Tanaka", false],
];

/** What each drink costs, in Canadian cents. */
export const PRICE_LIST: Readonly<Record<string, number>> = {
  "Espresso": 325,
  "Americano": 375,
  "Cappuccino": 475,
  "Latte": 495,
  "Cold Brew": 525,
};

const MAX_QUANTITY = 4;

/** Gives the next 32 random bits as an unsigned number. */
type Random = () => number;

/** Mulberry32: 32 bits of state are plenty for a demonstration's orders, and a seed gives the same ones everywhere. */
function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function cryptoRandom(): Random {
  const pool = new Uint32Array(1024);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      crypto.getRandomValues(pool);
      at = 0;
    }
    return pool[at++] ?? 0;
  };
}

/** A version 4 UUID (RFC 9562, section 5.4) of the generator's own randomness, so that a seed repeats the ids too. */
function uuidV4(random: Random): string {
  const hex = (bits: number) => bits.toString(16).padStart(8, "0");
  const version = (random() & 0xffff_0fff | 0x4000) >>> 0;
  const variant = (random() & 0x3fff_ffff | 0x8000_0000) >>> 0;
  const text = hex(random()) + hex(version) + hex(variant) + hex(random());
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Writes the time of the moment; in a flood of orders it is that of many. */
function clock(): () => string {
  let written = NaN;
  let text = "";
  return () => {
    const time = Date.now();
    if (time !== written) {
      text = new Date(time).toISOString();
      written = time;
    }
    return text;
  };
}

/**
 * Generates random valid orders, without end.
 *
 * @param options With a `seed`, the same orders come again: all but their time, which is that of the moment.
 * @returns The orders.
 */
export function* randomOrders(
  options: { readonly seed?: number | undefined } = {},
): Generator<CustomerEvent, never> {
  const { seed } = options;
  const random = seed === undefined ? cryptoRandom() : seededRandom(seed);
  const now = clock();
  const drinks = Object.entries(PRICE_LIST);
  const pick = <T>(list: readonly T[]) => list[random() % list.length] as T;
  while (true) {
    const [customer_name, is_member] = pick(CUSTOMERS);
    const [drink_name, cents] = pick(drinks);
    const quantity = 1 + random() % MAX_QUANTITY;
    yield {
      event_id: seed === undefined ? crypto.randomUUID() : uuidV4(random),
      customer_name,
      drink_name,
      quantity,
      amount: cents * quantity / 100,
      is_member,
      ts_utc: now(),
    };
  }
}
