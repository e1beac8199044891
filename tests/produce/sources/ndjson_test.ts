/**
 * Events from lines of JSON: what is filled in, what is refused, and when it ends.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { defineEvent } from "../../../lib/events/event_type.ts";
import { orders } from "../../../lib/events/order.ts";
import {
  ndjsonEvents,
  type NdjsonOptions,
} from "../../../lib/produce/sources/ndjson.ts";

const ORDER = {
  event_id: "d19fc126-039e-445e-a159-38d1ef21c70f",
  customer_name: "Charlie Davis",
  drink_name: "Cold Brew",
  quantity: 2,
  amount: 3.6,
  is_member: false,
  ts_utc: "2026-02-03T02:16:55.763294+00:00",
};
const { event_id: _id, ...WITHOUT_ID } = ORDER;
const LINE = JSON.stringify(WITHOUT_ID);

function streamOf(content: string | Uint8Array): ReadableStream<Uint8Array> {
  return new Blob([content as BlobPart]).stream();
}

/** Reads all items, in a form that shows problems by their message. */
async function read(
  content: string | Uint8Array,
  options: NdjsonOptions = {},
): Promise<[number, unknown][]> {
  const items: [number, unknown][] = [];
  for await (const item of ndjsonEvents(orders, streamOf(content), options)) {
    items.push([item.number, item.problem?.message ?? item.value]);
  }
  return items;
}

async function idsOf(content: string): Promise<unknown[]> {
  const items = await read(content);
  return items.map(([, event]) => (event as typeof ORDER).event_id);
}

Deno.test("ndjsonEvents() yields each line's value as it is, by the line's number", async () => {
  const extra = { ...ORDER, table: 7, nested: { a: [1] } };
  const text = `${JSON.stringify(ORDER)}\n\n \t\r\n${
    JSON.stringify(extra)
  }\r\n\n${JSON.stringify(ORDER)}`;
  assertEquals<unknown>(await read(text), [
    [1, ORDER],
    [4, extra],
    [6, ORDER],
  ]);
  assertEquals(await read(""), []);
  assertEquals(await read("\n\r\n  \n"), []);
});

Deno.test("ndjsonEvents() names the line and the reason when it holds no JSON, and goes on", async () => {
  const good = JSON.stringify(ORDER);
  const bytes = new TextEncoder().encode(`{oops\n${good}\n"?"\n\ufeff{}\n`);
  bytes[bytes.indexOf("?".charCodeAt(0))] = 0xff;
  assertEquals(await read(bytes), [
    [1, "The payload is not JSON"],
    [2, ORDER],
    [3, "The payload is not UTF-8"],
    [4, "The payload is not JSON"],
  ]);
});

Deno.test("ndjsonEvents() passes on what is JSON and no object, for the schema to refuse", async () => {
  assertEquals(await read('null\n1\n"x"\n[{}]\n'), [
    [1, null],
    [2, 1],
    [3, "x"],
    [4, [{}]],
  ]);
});

Deno.test("ndjsonEvents() passes over a byte order mark when it begins the file", async () => {
  const marked = await read(`\ufeff${LINE}\n`);
  assertEquals(marked, await read(`${LINE}\n`));
  assertEquals(await read("\ufeff\n"), []);
});

Deno.test("ndjsonEvents() names a line that is longer than a broker takes, and goes on", async () => {
  const long = `${" ".repeat(1_048_577)}\n`;
  assertEquals(await read(`${long}${JSON.stringify(ORDER)}\n`), [
    [1, "The line is longer than 1048576 bytes"],
    [2, ORDER],
  ]);
  assertEquals(await read(`${" ".repeat(1_048_574)}{}x\n`), [
    [1, "The line is longer than 1048576 bytes"],
  ]);
});

Deno.test("ndjsonEvents() fills a missing event_id with a UUID v5 that stays the same, and differs by line and content", async () => {
  const other = JSON.stringify({ ...WITHOUT_ID, quantity: 3 });
  const text = `${LINE}\n${LINE}\n${other}\n`;
  const ids = await idsOf(text);
  assertEquals(await idsOf(text), ids);
  assertEquals(await idsOf(text.replaceAll("\n", "\r\n")), ids);
  assertEquals(new Set(ids).size, 3);
  for (const id of ids) {
    assertMatch(
      String(id),
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  }
  const [id] = ids;
  assertEquals(await idsOf(LINE), [id]);
  assertNotEquals(await idsOf(`\n${LINE}`), [id]);
  assertNotEquals(await idsOf(`${LINE} `), [id]);
  // "1:" and "11…" must not run into each other.
  assertNotEquals(await idsOf(other), [ids[2]]);
});

Deno.test("ndjsonEvents() makes the ids that it made yesterday", async () => {
  assertEquals(await idsOf('{"customer_name":"Bob Smith"}'), [
    "f6511a1e-3091-5d61-9407-ab9e51894a44",
  ]);
});

Deno.test("ndjsonEvents() fills a missing ts_utc with the time of the moment", async () => {
  const { ts_utc: _, ...untimed } = ORDER;
  const before = Date.now();
  const [[, event] = [0, {}]] = await read(JSON.stringify(untimed));
  const { ts_utc, ...rest } = event as typeof ORDER;
  assertEquals(rest, untimed);
  assertMatch(ts_utc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert(Date.parse(ts_utc) >= before && Date.parse(ts_utc) <= Date.now());
});

Deno.test("ndjsonEvents() changes nothing that is there, wrong as it may be", async () => {
  const line = { event_id: null, ts_utc: "" };
  assertEquals(await read(JSON.stringify(line)), [[1, line]]);
});

Deno.test("ndjsonEvents() takes no field from __proto__, and changes no prototype", async () => {
  const [[, event] = []] = await read(
    '{"__proto__":{"event_id":"x","ts_utc":"y","drink_name":"z"}}',
  );
  const order = event as Record<string, unknown>;
  assertMatch(String(order["event_id"]), /-5/);
  assertEquals(order["drink_name"], undefined);
  assertEquals(Object.getPrototypeOf(order), Object.prototype);
});

/** A pipe that stays open. */
function openPipe(text: string) {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    cancel() {
      cancelled = true;
    },
  });
  return { stream, isCancelled: () => cancelled };
}

Deno.test("ndjsonEvents() ends with the last line it was asked for, and doesn't wait for another", async () => {
  for (const text of ["\n{}\n{oops\n", `{}\n${" ".repeat(1_048_577)}\n`]) {
    const { stream, isCancelled } = openPipe(text);
    const numbers: number[] = [];
    for await (const { number } of ndjsonEvents(orders, stream, { count: 2 })) {
      numbers.push(number);
    }
    assertEquals(numbers.length, 2);
    assertEquals(isCancelled(), true);
  }
});

Deno.test("ndjsonEvents() ends at once when it is stopped while a pipe is silent, and drops the line begun", async () => {
  const stop = new AbortController();
  const { stream, isCancelled } = openPipe('{}\n{"half":');
  const source = ndjsonEvents(orders, stream, { signal: stop.signal });
  assertEquals((await source.next()).value?.number, 1);
  const next = source.next();
  stop.abort();
  assertEquals((await next).done, true);
  assertEquals(isCancelled(), true);
});

Deno.test("ndjsonEvents() fills in no more than the event type names", async () => {
  const visits = defineEvent({
    name: "visit",
    topic: "visits",
    schema: { type: "object", properties: { id: { type: "string" } } },
    key: () => null,
    idField: "id",
  });
  const items = await Array.fromAsync(ndjsonEvents(visits, streamOf("{}\n")));
  const [{ value } = { value: undefined }] = items;
  assertEquals(Object.keys(value as object), ["id"]);
});
