/**
 * What a dead letter's headers hold: the message's own, and why it is here, as Kafka Connect writes it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { IHeaders, KafkaMessage } from "kafkajs";
import {
  attemptsOf,
  copyHeaders,
  deadLetterHeaders,
  deadLetterTopic,
  readDeadLetter,
  replayHeaders,
} from "../../../lib/consume/dead_letters/dead_letter.ts";
import { InvalidEventError } from "../../../lib/base/errors.ts";

const ORIGIN = { topic: "demo", partition: 2, offset: "9007199254740993" };

function messageWith(headers: IHeaders): KafkaMessage {
  return {
    key: null,
    value: Buffer.alloc(0),
    timestamp: "1770085015763",
    attributes: 0,
    offset: ORIGIN.offset,
    headers,
  };
}

/** Headers as kafkajs reads them: names of every object's properties come with that property first. */
function asRead(list: readonly (readonly [string, Buffer | null])[]): IHeaders {
  return list.reduce(
    (found: Record<string, unknown>, [name, value]) => ({
      ...found,
      [name]: found[name] === undefined
        ? value
        : Array.isArray(found[name])
        ? found[name].concat([value])
        : [found[name], value],
    }),
    {},
  ) as IHeaders;
}

const bytes = (text: string) => Buffer.from(text);

Deno.test("deadLetterHeaders() writes Kafka Connect's headers as text, numbers too", () => {
  const error = new InvalidEventError("The payload is not JSON");
  const headers = deadLetterHeaders(messageWith({}), {
    origin: ORIGIN,
    error,
    stage: "VALUE_CONVERTER",
  });
  assertEquals({ ...headers }, {
    "__connect.errors.topic": "demo",
    "__connect.errors.partition": "2",
    "__connect.errors.offset": "9007199254740993",
    "__connect.errors.stage": "VALUE_CONVERTER",
    "__connect.errors.class.name": "cafe-event-consumer",
    "__connect.errors.exception.class.name": "InvalidEventError",
    "__connect.errors.exception.message": "The payload is not JSON",
    "__connect.errors.exception.stacktrace": error.stack ?? "",
    "cafe.attempts": "1",
  });
});

Deno.test("deadLetterHeaders() names what is no error, and keeps a huge error's text short and well-formed", () => {
  const thrown = deadLetterHeaders(messageWith({}), {
    origin: ORIGIN,
    error: "just text",
    stage: "TASK_PUT",
  });
  assertEquals(thrown["__connect.errors.exception.class.name"], "string");
  assertEquals(thrown["__connect.errors.exception.message"], "just text");
  assertEquals(thrown["__connect.errors.exception.stacktrace"], "");

  const huge = deadLetterHeaders(messageWith({}), {
    origin: ORIGIN,
    // The limit of 1,000 cuts a pair of surrogates in two.
    error: new Error("x".repeat(999) + "🍵".repeat(100_000)),
    stage: "TASK_PUT",
  });
  assertEquals(
    huge["__connect.errors.exception.message"],
    "x".repeat(999) + "\ufffd",
  );
  const size = Object.values(huge)
    .reduce((sum, value) => sum + Buffer.byteLength(String(value)), 0);
  assert(size < 16_384, `${size} bytes`);
});

Deno.test("deadLetterHeaders() raises the count of attempts, and takes the place of what an earlier letter's headers said", () => {
  const again = deadLetterHeaders(
    messageWith({
      "cafe.attempts": bytes("4"),
      "__connect.errors.topic": bytes("other"),
      trace: bytes("abc"),
    }),
    { origin: ORIGIN, error: new Error("again"), stage: "TASK_PUT" },
  );
  assertEquals(again["cafe.attempts"], "5");
  assertEquals(again["__connect.errors.topic"], "demo");
  assertEquals(again["trace"], bytes("abc"));
});

Deno.test("copyHeaders() keeps every value: none, empty, repeated, not UTF-8, and of names that every object has", () => {
  const raw = Buffer.from([0xff, 0x00, 0x80]);
  const copy = copyHeaders(asRead([
    ["none", null],
    ["empty", Buffer.alloc(0)],
    ["raw", raw],
    ["many", bytes("1")],
    ["many", null],
    ["many", bytes("3")],
    ["constructor", bytes("c")],
    ["__proto__", bytes("p1")],
    ["__proto__", bytes("p2")],
    ["toString", null],
    ["", bytes("no name")],
  ]));
  assertEquals(Object.entries<unknown>(copy), [
    ["none", null],
    ["empty", Buffer.alloc(0)],
    ["raw", raw],
    ["many", [bytes("1"), null, bytes("3")]],
    ["constructor", bytes("c")],
    ["__proto__", [bytes("p1"), bytes("p2")]],
    ["toString", null],
    ["", bytes("no name")],
  ]);
  assertEquals(Object.entries(copyHeaders(undefined)), []);
  assertEquals(Object.hasOwn(Object.prototype, "p1"), false);
});

Deno.test("readDeadLetter() reads back what deadLetterHeaders() wrote", () => {
  const headers = deadLetterHeaders(messageWith({}), {
    origin: ORIGIN,
    error: new Error("Café closed"),
    stage: "TASK_PUT",
  });
  const read = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, bytes(`${value}`)]),
  );
  assertEquals(readDeadLetter(read), {
    origin: ORIGIN,
    stage: "TASK_PUT",
    reason: "Café closed",
    attempts: 1,
    batch: undefined,
  });
});

Deno.test("readDeadLetter() knows no origin where a header is missing or holds no number", () => {
  const whole = {
    "__connect.errors.topic": bytes("demo"),
    "__connect.errors.partition": bytes("0"),
    "__connect.errors.offset": bytes("7"),
  };
  assertEquals(readDeadLetter(whole).origin, {
    topic: "demo",
    partition: 0,
    offset: "7",
  });
  const broken: readonly IHeaders[] = [
    {},
    ...Object.keys(whole).map((name) => ({ ...whole, [name]: undefined })),
    { ...whole, "__connect.errors.partition": bytes("") },
    { ...whole, "__connect.errors.partition": bytes("-1") },
    { ...whole, "__connect.errors.partition": Buffer.from([0, 0, 0, 1]) },
    { ...whole, "__connect.errors.offset": bytes("1e3") },
  ];
  for (const headers of broken) {
    assertEquals(readDeadLetter(headers).origin, undefined);
  }
  assertEquals(readDeadLetter(undefined), {
    origin: undefined,
    stage: undefined,
    reason: undefined,
    attempts: 0,
    batch: undefined,
  });
});

Deno.test("attemptsOf() takes the last of several counts, and 0 for what is no count", () => {
  const counts = (values: IHeaders[string]) =>
    attemptsOf({ "cafe.attempts": values });
  assertEquals(counts([bytes("1"), bytes("2")]), 2);
  for (const text of ["", "-1", "1.5", "many", "Infinity"]) {
    assertEquals(counts(bytes(text)), 0);
  }
  assertEquals(attemptsOf(undefined), 0);
});

Deno.test("replayHeaders() leaves the message's own headers and the count of attempts", () => {
  const letter = deadLetterHeaders(
    messageWith({ trace: bytes("abc"), "__connect": bytes("own") }),
    { origin: ORIGIN, error: new Error("no"), stage: "TASK_PUT" },
  );
  const read = Object.fromEntries(
    Object.entries(letter).map(([name, value]) => [name, bytes(`${value}`)]),
  );
  assertEquals({ ...replayHeaders(read) }, {
    trace: bytes("abc"),
    "__connect": bytes("own"),
    "cafe.attempts": bytes("1"),
  });
});

Deno.test("deadLetterTopic() puts .dlq behind the topic's name", () => {
  assertMatch(deadLetterTopic("demo"), /^demo\.dlq$/);
});
