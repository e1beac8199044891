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
  assertRejects,
} from "@std/assert";
import { gzipSync } from "node:zlib";
import { PipelineError } from "../../../lib/base/errors.ts";
import { defineEvent } from "../../../lib/events/event_type.ts";
import { orders } from "../../../lib/events/order.ts";
import {
  fileEvents,
  type FileEventsOptions,
} from "../../../lib/produce/sources/file_events.ts";
import { fileOf } from "../../support/chunks.ts";
import { ORDER } from "../../support/sample_order.ts";

const { event_id: _id, ...WITHOUT_ID } = ORDER;
const LINE = JSON.stringify(WITHOUT_ID);

/** Reads all items, in a form that shows problems by their message. */
async function read(
  content: string | Uint8Array,
  options: FileEventsOptions = {},
): Promise<[number, unknown][]> {
  const items: [number, unknown][] = [];
  for await (const item of fileEvents(orders, fileOf(content), options)) {
    items.push([item.number, item.problem?.message ?? item.value]);
  }
  return items;
}

async function idsOf(content: string): Promise<unknown[]> {
  const items = await read(content);
  return items.map(([, event]) => (event as typeof ORDER).event_id);
}

Deno.test("fileEvents() yields each line's value as it is, by the line's number", async () => {
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

Deno.test("fileEvents() names the line and the reason when it holds no JSON, and goes on", async () => {
  const good = JSON.stringify(ORDER);
  const bytes = new TextEncoder().encode(`{oops\n${good}\n"?"\n\ufeff{}\n`);
  bytes[bytes.indexOf("?".charCodeAt(0))] = 0xff;
  assertEquals(await read(bytes), [
    [
      1,
      "The payload is not JSON: Expected property name or '}' at column 2",
    ],
    [2, ORDER],
    [3, "The payload is not UTF-8"],
    [
      4,
      `The payload is not JSON: Unexpected token '\ufeff', "\ufeff{}" is not valid JSON`,
    ],
  ]);
});

Deno.test("fileEvents() passes on what is JSON and no object, for the schema to refuse", async () => {
  assertEquals(await read('null\n1\n"x"\n[{}]\n'), [
    [1, null],
    [2, 1],
    [3, "x"],
    [4, [{}]],
  ]);
});

Deno.test("fileEvents() passes over a byte order mark when it begins the file", async () => {
  const marked = await read(`\ufeff${LINE}\n`);
  assertEquals(marked, await read(`${LINE}\n`));
  assertEquals(await read("\ufeff\n"), []);
});

Deno.test("fileEvents() names a line that is longer than a broker takes, and goes on", async () => {
  const long = `${" ".repeat(1_048_577)}\n`;
  assertEquals(await read(`${long}${JSON.stringify(ORDER)}\n`), [
    [1, "The line is longer than 1048576 bytes"],
    [2, ORDER],
  ]);
  assertEquals(await read(`${" ".repeat(1_048_574)}{}x\n`), [
    [1, "The line is longer than 1048576 bytes"],
  ]);
});

Deno.test("fileEvents() fills a missing event_id with a UUID v5 that stays the same, and differs by line and content", async () => {
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

Deno.test("fileEvents() makes the ids that it made yesterday", async () => {
  assertEquals(await idsOf('{"customer_name":"Bob Smith"}'), [
    "f6511a1e-3091-5d61-9407-ab9e51894a44",
  ]);
});

Deno.test("fileEvents() fills a missing ts_utc with the time of the moment", async () => {
  const { ts_utc: _, ...untimed } = ORDER;
  const before = Date.now();
  const [[, event] = [0, {}]] = await read(JSON.stringify(untimed));
  const { ts_utc, ...rest } = event as typeof ORDER;
  assertEquals(rest, untimed);
  assertMatch(ts_utc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert(Date.parse(ts_utc) >= before && Date.parse(ts_utc) <= Date.now());
});

Deno.test("fileEvents() changes nothing that is there, wrong as it may be", async () => {
  const line = { event_id: null, ts_utc: "" };
  assertEquals(await read(JSON.stringify(line)), [[1, line]]);
});

Deno.test("fileEvents() takes no field from __proto__, and changes no prototype", async () => {
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

Deno.test("fileEvents() ends with the last line it was asked for, and doesn't wait for another", async () => {
  for (const text of ["\n{}\n{oops\n", `{}\n${" ".repeat(1_048_577)}\n`]) {
    const { stream, isCancelled } = openPipe(text);
    const numbers: number[] = [];
    for await (
      const { number } of fileEvents(orders, fileOf(stream), { count: 2 })
    ) {
      numbers.push(number);
    }
    assertEquals(numbers.length, 2);
    assertEquals(isCancelled(), true);
  }
});

Deno.test("fileEvents() ends at once when it is stopped while a pipe is silent, and drops the line begun", async () => {
  const stop = new AbortController();
  const { stream, isCancelled } = openPipe('{}\n{"half":');
  const source = fileEvents(orders, fileOf(stream), { signal: stop.signal });
  assertEquals((await source.next()).value?.number, 1);
  const next = source.next();
  stop.abort();
  assertEquals((await next).done, true);
  assertEquals(isCancelled(), true);
});

/** Reads all of a file, and what is said about it. */
async function readFile(
  content: string | Uint8Array,
  options: FileEventsOptions & { readonly path: string },
) {
  const notes: string[] = [];
  const values: [number, unknown][] = [];
  const file = fileOf(content, options.path);
  const notify = (line: string) => void notes.push(line);
  for await (
    const { number, problem, value } of fileEvents(orders, file, {
      ...options,
      notify,
    })
  ) {
    values.push([number, problem?.message ?? value]);
  }
  return { values, notes };
}

const HEADER = Object.keys(ORDER).join(",");
const ROW = Object.values(ORDER).join(",");

Deno.test("fileEvents() reads the same events from each format, by the file's name or by what is asked for", async () => {
  const other = { ...ORDER, quantity: 3 };
  const both = [ORDER, other];
  for (
    const [path, content, numbers] of [
      ["a.ndjson", both.map((one) => JSON.stringify(one)).join("\n"), [1, 2]],
      ["a", both.map((one) => JSON.stringify(one)).join("\r\n"), [1, 2]],
      ["a.JSON", JSON.stringify(both), [1, 2]],
      ["a.json", JSON.stringify(both, null, 2), [1, 2]],
      ["a.json", both.map((one) => JSON.stringify(one, null, 2)).join("\n"), [
        1,
        2,
      ]],
      ["a.csv", `\n${HEADER}\n${ROW}\n\n${ROW.replace(",2,", ",3,")}`, [3, 5]],
    ] as const
  ) {
    const expected = both.map((one, i) => [numbers[i], one]);
    for (const mark of ["", "\ufeff"]) {
      const text = mark + content;
      const { values } = await readFile(text, { path });
      assertEquals<unknown>(values, expected, path);
      const packed = new Uint8Array(gzipSync(text));
      assertEquals<unknown>(
        (await readFile(packed, { path: `${path}.gz` })).values,
        expected,
        `${path}.gz`,
      );
    }
  }
  const asked = await readFile(`${HEADER}\n${ROW}\n`, {
    path: "-",
    format: "csv",
  });
  assertEquals<unknown>(asked.values, [[2, ORDER]]);
});

Deno.test("fileEvents() reads gzip that was put together from several, and says so when it is cut off", async () => {
  const line = `${JSON.stringify(ORDER)}\n`;
  const packed = [gzipSync(line), gzipSync(line.repeat(3))];
  const whole = new Uint8Array(packed.flatMap((bytes) => [...bytes]));
  const { values } = await readFile(whole, { path: "a.ndjson" });
  assertEquals(values.map(([number]) => number), [1, 2, 3, 4]);
  const error = await assertRejects(
    () => readFile(whole.subarray(0, -9), { path: "a.ndjson" }),
    PipelineError,
  );
  assertEquals(error.message, "Can't read a.ndjson: unexpected end of file");
});

Deno.test("fileEvents() says once which format a file is in when it is another one", async () => {
  const pretty = JSON.stringify(ORDER, null, 2);
  const line = JSON.stringify(ORDER);
  const table = `${HEADER}\n${ROW}\n`;
  for (
    const [path, content, format] of [
      ["a.ndjson", `\n${pretty}\n${pretty}`, "json"],
      ["a.ndjson", `[${line},\n${line}]`, "json"],
      ["a.ndjson", `[\n${line},\n${line}\n]`, "json"],
      ["a.ndjson", `[${(line + ",").repeat(9_999)}${line}]`, "json"],
      ["a.ndjson", '{ "event_id": "x",\n  "quantity": 2 }', "json"],
      ["a.ndjson", table, "csv"],
      ["a.ndjson", table.replaceAll(",", ";"), "csv"],
      ["a.json", table, "csv"],
      ["a.json", '"event_id","quantity"\n"x",1\n', "csv"],
      ["a.csv", `${line}\n${line}\n`, "ndjson"],
      ["a.csv", pretty, "json"],
      ["a.csv", `[${line}]`, "json"],
    ] as const
  ) {
    const error = await assertRejects(
      () => readFile(content, { path }),
      PipelineError,
      undefined,
      `${path}: ${content.slice(0, 60)}`,
    );
    assertEquals(
      [error.code, error.details.format],
      ["file-format", format],
      `${path}: ${content.slice(0, 60)}: ${error.message}`,
    );
  }
});

Deno.test("fileEvents() takes a broken first line for what it is, and not for another format", async () => {
  const line = JSON.stringify(ORDER);
  for (const first of [line.slice(0, 40), "oops", '{"a":1', "1,2"]) {
    const { values } = await readFile(`${first}\n${line}\n`, {
      path: "a.ndjson",
    });
    assertEquals(values.length, 2, first);
    assertEquals<unknown>(values[1], [2, ORDER]);
  }
});

Deno.test("fileEvents() names what has to be changed before it can be read", async () => {
  for (
    const [bytes, form] of [
      [[0x28, 0xb5, 0x2f, 0xfd, 1], "zstd"],
      [[0x50, 0x4b, 3, 4], "zip"],
      [[0xff, 0xfe, 0x7b, 0], "UTF-16"],
    ] as const
  ) {
    const error = await assertRejects(
      () => readFile(new Uint8Array(bytes), { path: "a.csv" }),
      PipelineError,
    );
    assertEquals(
      error.message,
      `Can't read a.csv: it is ${form}, and only UTF-8 is read, plain or compressed by gzip`,
    );
  }
});

Deno.test("fileEvents() names once the columns that the schema doesn't know, and those that are missing", async () => {
  const known = await readFile(
    `${HEADER},table,note\n${ROW},7,x\n${ROW},8,y\n`,
    {
      path: "a.csv",
    },
  );
  assertEquals<unknown>(known, {
    values: [[2, ORDER], [3, ORDER]],
    notes: [
      'Left out: the schema of order has no field for the columns "table", "note".',
    ],
  });
  for (
    const [header, message] of [
      [
        "event_id,customer_name,drink_name,qty,ts_utc,is_member",
        'a.csv has no column for "quantity", "amount", which every order needs; its schema has no "qty"',
      ],
      [
        HEADER.replaceAll(",", ";"),
        "The columns of a.csv are separated by semicolons, and CSV takes commas",
      ],
      [
        "foo,bar",
        'a.csv has no column for "customer_name", "drink_name", "quantity", "amount", "is_member", which every order needs; its schema has no "foo", "bar"',
      ],
    ] as const
  ) {
    const error = await assertRejects(
      () => readFile(`${header}\n${ROW}\n`, { path: "a.csv" }),
      PipelineError,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("fileEvents() fills in the id and the time when CSV has no column or no text for them", async () => {
  const header = HEADER.replace("event_id,", "");
  const row = ROW.replace(`${ORDER.event_id},`, "");
  const { values: [[, first] = []] } = await readFile(`${header}\n${row}\n`, {
    path: "a.csv",
  });
  const { values: [[, second] = []] } = await readFile(
    `${HEADER}\n,${row.replace(ORDER.ts_utc, "")}\n`,
    { path: "a.csv" },
  );
  for (const order of [first, second] as (typeof ORDER)[]) {
    assertMatch(order.event_id, /-5/);
    assertMatch(order.ts_utc, /^20/);
  }
});

Deno.test("fileEvents() goes on behind a place in CSV, in JSON and in gzip", async () => {
  for (
    const [path, content] of [
      [
        "a.csv",
        `${HEADER}\n${ROW.replace("Cold Brew", '"Cold\nBrew"')}\n${ROW}\n`,
      ],
      ["a.json", JSON.stringify([ORDER, ORDER], null, 1)],
      ["a.ndjson", `${JSON.stringify(ORDER)}\n${JSON.stringify(ORDER)}\n`],
    ] as const
  ) {
    for (const bytes of [content, new Uint8Array(gzipSync(content))]) {
      const items = await Array.fromAsync(
        fileEvents(orders, fileOf(bytes, path)),
      );
      const [{ number: line, end: offset } = { number: 0 }, second] = items;
      const rest = await Array.fromAsync(
        fileEvents(orders, fileOf(bytes, path), {
          start: { line, offset: offset ?? 0 },
        }),
      );
      assertEquals(rest, [second], path);
    }
  }
});

Deno.test("fileEvents() keeps what the file has of each record", async () => {
  for (
    const [path, content, originals] of [
      ["a.ndjson", '{"a":1}\n{oops\n', ['{"a":1}', "{oops"]],
      ["a.json", "[\n {},nul\n]", ["{}", "nul"]],
      ["a.csv", `${HEADER}\n1,"2\n3"\n"4\n`, ['1,"2\n3"', '"4']],
    ] as const
  ) {
    const items = await Array.fromAsync(
      fileEvents(orders, fileOf(content, path)),
    );
    assertEquals(
      items.map(({ original }) => new TextDecoder().decode(original)),
      [...originals],
      path,
    );
  }
});

Deno.test("fileEvents() fills in no more than the event type names", async () => {
  const visits = defineEvent({
    name: "visit",
    topic: "visits",
    schema: { type: "object", properties: { id: { type: "string" } } },
    key: () => null,
    idField: "id",
  });
  const items = await Array.fromAsync(fileEvents(visits, fileOf("{}\n")));
  const [{ value } = { value: undefined }] = items;
  assertEquals(Object.keys(value as object), ["id"]);
});

Deno.test("fileEvents() keeps no blank lines, however many come first", async () => {
  const blank = new Uint8Array(100_000).fill("\n".charCodeAt(0));
  let largestBytes = 0;
  const content = ReadableStream.from((function* () {
    for (let i = 0; i < 20; i++) {
      largestBytes = Math.max(largestBytes, Deno.memoryUsage().heapUsed);
      yield blank;
    }
  })());
  const before = Deno.memoryUsage().heapUsed;
  assertEquals(
    await Array.fromAsync(fileEvents(orders, fileOf(content))),
    [],
  );
  assert(largestBytes - before < 64_000_000, `${largestBytes - before} bytes`);
});
