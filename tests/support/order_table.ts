/**
 * Tables of orders, some of whose rows are broken, each in one of ten ways.
 *
 * @module
 */

import { type Order, randomOrders } from "../../lib/events/order.ts";

const encoder = new TextEncoder();

/** A way to break a row, and what is said of it. */
interface Damage {
  /** Breaks a row. */
  readonly apply: (order: Order) => Uint8Array;
  /** What the reason has in it. */
  readonly reason: string;
}

/** The header of a table of orders, without a line break. */
export const ORDER_HEADER =
  "event_id,customer_name,drink_name,quantity,amount,is_member,ts_utc";

/** Writes a row: the drink in quotes, as it may have a comma, a quote or a line break in it. */
function rowOf(order: Readonly<Record<keyof Order, unknown>>): string {
  const drink = String(order.drink_name).replaceAll('"', '""');
  return `${order.event_id},${order.customer_name},"${drink}",` +
    `${order.quantity},${order.amount},${order.is_member},${order.ts_utc}`;
}

function changed(change: Partial<Record<keyof Order, unknown>>) {
  return (order: Order) => encoder.encode(rowOf({ ...order, ...change }));
}

function rewritten(change: (row: string) => string) {
  return (order: Order) => encoder.encode(change(rowOf(order)));
}

/** Ten ways to break a row. */
export const DAMAGES: readonly Damage[] = [
  {
    apply: changed({ quantity: "two" }),
    reason: 'quantity must be integer: "two"',
  },
  { apply: changed({ quantity: 0 }), reason: "quantity must be >= 1: 0" },
  { apply: changed({ amount: "" }), reason: 'amount must be number: ""' },
  {
    apply: changed({ is_member: "maybe" }),
    reason: 'is_member must be boolean: "maybe"',
  },
  {
    apply: changed({ event_id: "42" }),
    reason: 'event_id must be a UUID: "42"',
  },
  {
    apply: rewritten((row) => row.replace(/,[^,]*$/, "")),
    reason: "The row has 6 fields, and the header has 7",
  },
  {
    apply: rewritten((row) => `${row},7`),
    reason: "The row has 8 fields, and the header has 7",
  },
  {
    apply: (order) =>
      encoder.encode(rowOf({ ...order, drink_name: "" }).replace('""', '"')),
    reason: "A quote is never closed",
  },
  {
    apply: rewritten((row) => row.replace(',"', ',x"')),
    reason: "A field with a quote in it must be quoted",
  },
  {
    apply(order) {
      const bytes = encoder.encode(rowOf({ ...order, customer_name: "?" }));
      bytes[bytes.indexOf(0x3f)] = 0xff;
      return bytes;
    },
    reason: "The row is not UTF-8",
  },
];

/** A table of orders. */
export interface OrderTable {
  /** The rows with the header, in chunks of about 64 KiB. */
  readonly chunks: Iterable<Uint8Array<ArrayBuffer>>;
  /** The sound rows of those that are broken in {@linkcode OrderTable.chunks}, and what is wrong with those, by their number. */
  readonly broken: Map<
    number,
    { readonly sound: string; readonly reason: string }
  >;
}

/**
 * Makes a table of random orders. Every hundredth drink's name has a line break, and every fiftieth a quote and a comma.
 *
 * @param count How many rows.
 * @param options How many rows apart the broken ones are.
 * @returns The table. It is made while it is read; `broken` is complete then.
 */
export function orderTable(
  count: number,
  options: { readonly brokenEvery: number },
): OrderTable {
  const broken: OrderTable["broken"] = new Map();
  function* chunks() {
    const orders = randomOrders({ seed: 7 });
    let parts: Uint8Array[] = [encoder.encode(`${ORDER_HEADER}\n`)];
    for (let i = 1; i <= count; i++) {
      const order = orders.next().value;
      const name = i % 100 === 0
        ? "Cold\nBrew"
        : i % 50 === 0
        ? 'Latte "grande", hot'
        : order.drink_name;
      const sound = { ...order, drink_name: name };
      const damage = i % options.brokenEvery === 13
        ? DAMAGES[broken.size % DAMAGES.length]
        : undefined;
      if (damage) {
        broken.set(i + 1, { sound: rowOf(sound), reason: damage.reason });
      }
      parts.push(
        damage?.apply(sound) ?? encoder.encode(rowOf(sound)),
        encoder.encode("\n"),
      );
      if (parts.length > 600) {
        yield concat(parts);
        parts = [];
      }
    }
    yield concat(parts);
  }
  return { chunks: chunks(), broken };
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
