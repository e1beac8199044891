/**
 * The headers of a dead letter: the message's own, and why it is here, as Kafka Connect writes it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  attemptsOf,
  deadLetterHeaders,
  deadLetterTopic,
  parsePlaceWord,
  placeWord,
  readDeadLetter,
  readReplayNote,
  replayHeaders,
  replayNoteHeaders,
} from "../../../lib/consume/dead_letters/dead_letter.ts";
import { InvalidEventError } from "../../../lib/base/errors.ts";
import type { Header, OutgoingHeader } from "../../../lib/events/record.ts";
import type { Message } from "../../../lib/kafka/message.ts";

const ORIGIN = { topic: "demo", partition: 2, offset: "9007199254740993" };

function messageWith(...headers: readonly Header[]): Message {
  return {
    key: null,
    value: Buffer.alloc(0),
    timestamp: 1_770_085_015_763,
    offset: ORIGIN.offset,
    headers,
  };
}

const bytes = (text: string) => Buffer.from(text);

/** Headers as they are read after they were sent. */
function asRead(headers: readonly OutgoingHeader[]): Header[] {
  return headers.map(([name, value]) => [
    name,
    typeof value === "string" ? bytes(value) : value,
  ]);
}

Deno.test("deadLetterHeaders() writes Kafka Connect's headers as text, numbers too", () => {
  const error = new InvalidEventError("The payload is not JSON");
  const headers = deadLetterHeaders(messageWith(), {
    origin: ORIGIN,
    group: "points",
    error,
    stage: "VALUE_CONVERTER",
  });
  const { "cafe.time": time, ...rest } = Object.fromEntries(headers);
  assert(Math.abs(Date.now() - Date.parse(String(time))) < 60_000);
  assertEquals(rest, {
    "__connect.errors.topic": "demo",
    "__connect.errors.partition": "2",
    "__connect.errors.offset": "9007199254740993",
    "__connect.errors.stage": "VALUE_CONVERTER",
    "__connect.errors.class.name": "cafe-event-consumer",
    "__connect.errors.exception.class.name": "InvalidEventError",
    "__connect.errors.exception.message": "The payload is not JSON",
    "__connect.errors.exception.stacktrace": error.stack ?? "",
    "cafe.attempts": "1",
    "cafe.group": "points",
  });
});

Deno.test("deadLetterHeaders() names what is no error, and keeps a huge error's text short and well-formed", () => {
  const thrown = Object.fromEntries(deadLetterHeaders(messageWith(), {
    origin: ORIGIN,
    group: "points",
    error: "just text",
    stage: "TASK_PUT",
  }));
  assertEquals(thrown["__connect.errors.exception.class.name"], "string");
  assertEquals(thrown["__connect.errors.exception.message"], "just text");
  assertEquals(thrown["__connect.errors.exception.stacktrace"], "");

  const huge = Object.fromEntries(deadLetterHeaders(messageWith(), {
    origin: ORIGIN,
    group: "points",
    // The limit of 1,000 cuts a pair of surrogates in two.
    error: new Error("x".repeat(999) + "🍵".repeat(100_000)),
    stage: "TASK_PUT",
  }));
  assertEquals(
    huge["__connect.errors.exception.message"],
    "x".repeat(999) + "\ufffd",
  );
  const size = Object.values(huge)
    .reduce((sum, value) => sum + Buffer.byteLength(String(value)), 0);
  assert(size < 16_384, `${size} bytes`);
});

Deno.test("deadLetterHeaders() increments the count of attempts, and replaces the headers of an earlier letter", () => {
  const again = deadLetterHeaders(
    messageWith(
      ["cafe.attempts", bytes("4")],
      ["__connect.errors.topic", bytes("other")],
      ["trace", bytes("abc")],
    ),
    {
      origin: ORIGIN,
      group: "points",
      error: new Error("again"),
      stage: "TASK_PUT",
    },
  );
  const values = (name: string) =>
    again.filter(([other]) => other === name).map(([, value]) => value);
  assertEquals(values("cafe.attempts"), ["5"]);
  assertEquals(values("__connect.errors.topic"), ["demo"]);
  assertEquals(values("trace"), [bytes("abc")]);
});

Deno.test("deadLetterHeaders() and replayHeaders() keep the message's own headers in their order, repeated names and all values", () => {
  const own: readonly Header[] = [
    ["trace", bytes("1")],
    ["10", bytes("x")],
    ["trace", null],
    ["2", Buffer.from([0xff, 0x00, 0x80])],
    ["trace", bytes("1")],
    ["constructor", bytes("c")],
    ["__proto__", Buffer.alloc(0)],
    ["", bytes("no name")],
    ["__connect", bytes("own")],
  ];
  const letter = deadLetterHeaders(messageWith(...own), {
    origin: ORIGIN,
    group: "points",
    error: new Error("no"),
    stage: "TASK_PUT",
  });
  assertEquals(letter.slice(0, own.length), own as readonly OutgoingHeader[]);
  assertEquals(replayHeaders(asRead(letter)), [
    ...own,
    ["cafe.attempts", bytes("1")],
  ]);
});

Deno.test("deadLetterHeaders() names the codec of a whole batch", () => {
  const message = {
    ...messageWith(),
    damaged: {
      codec: "lz4",
      reason: "it fails its checksum",
      firstOffset: "3",
    },
  };
  const headers = deadLetterHeaders(message, {
    origin: ORIGIN,
    group: "points",
    error: new Error("no"),
    stage: "VALUE_CONVERTER",
  });
  assertEquals(readDeadLetter(asRead(headers)).batch, "lz4");
});

Deno.test("readDeadLetter() reads back what deadLetterHeaders() wrote", () => {
  const headers = deadLetterHeaders(messageWith(), {
    origin: ORIGIN,
    group: "points",
    error: new Error("Café closed"),
    stage: "TASK_PUT",
  });
  const { setAsideAt, ...rest } = readDeadLetter(asRead(headers));
  assert(Math.abs(Date.now() - (setAsideAt ?? 0)) < 60_000);
  assertEquals(rest, {
    origin: ORIGIN,
    stage: "TASK_PUT",
    reason: "Café closed",
    group: "points",
    attempts: 1,
    batch: undefined,
  });
});

Deno.test("readDeadLetter() returns no origin when a header is missing or is not a number", () => {
  const whole = {
    "__connect.errors.topic": bytes("demo"),
    "__connect.errors.partition": bytes("0"),
    "__connect.errors.offset": bytes("7"),
  };
  const originOf = (headers: Record<string, Buffer>) =>
    readDeadLetter(Object.entries(headers)).origin;
  assertEquals(originOf(whole), { topic: "demo", partition: 0, offset: "7" });
  const broken = [
    {},
    ...Object.keys(whole).map((missing) =>
      Object.fromEntries(
        Object.entries(whole).filter(([name]) => name !== missing),
      )
    ),
    { ...whole, "__connect.errors.partition": bytes("") },
    { ...whole, "__connect.errors.partition": bytes("-1") },
    { ...whole, "__connect.errors.partition": Buffer.from([0, 0, 0, 1]) },
    { ...whole, "__connect.errors.offset": bytes("1e3") },
  ];
  for (const headers of broken) assertEquals(originOf(headers), undefined);
});

Deno.test("readReplayNote() reads back what replayNoteHeaders() wrote, and nothing from a letter", () => {
  const replay = {
    origin: ORIGIN,
    timestamp: 1_770_085_015_763,
    to: { topic: "demo", partition: 0, offset: "9007199254740999" },
  };
  assertEquals(readReplayNote(asRead(replayNoteHeaders(replay))), replay);
  const letter = deadLetterHeaders(messageWith(), {
    origin: ORIGIN,
    group: "points",
    error: new Error("no"),
    stage: "TASK_PUT",
  });
  assertEquals(readReplayNote(asRead(letter)), undefined);
});

Deno.test("readReplayNote() and readDeadLetter() take no header of the message for one of the letter", () => {
  const replay = {
    origin: ORIGIN,
    timestamp: 1_770_085_015_763,
    to: { topic: "demo", partition: 0, offset: "9007199254740999" },
  };
  const message = messageWith(
    ...asRead(replayNoteHeaders(replay)),
    ["cafe.batch", bytes("zstd")],
    ["__connect.errors.topic", bytes("other")],
    ["cafe.group", bytes("others")],
  );
  const headers = asRead(deadLetterHeaders(message, {
    origin: ORIGIN,
    group: "points",
    error: new Error("no"),
    stage: "TASK_PUT",
  }));
  assertEquals(readReplayNote(headers), undefined);
  const { origin, batch, group } = readDeadLetter(headers);
  assertEquals({ origin, batch, group }, {
    origin: ORIGIN,
    batch: undefined,
    group: "points",
  });
});

Deno.test("parsePlaceWord() takes what placeWord() writes, and nothing else", () => {
  assertEquals(parsePlaceWord(placeWord(ORIGIN)), ORIGIN);
  for (
    const word of [
      undefined,
      "",
      "demo",
      "demo/1",
      "demo/x/1",
      "demo/1/-1",
      "/1/2",
    ]
  ) {
    assertEquals(parsePlaceWord(word), undefined);
  }
});

Deno.test("attemptsOf() takes the last of several counts, and 0 for anything else", () => {
  const counts = (...values: string[]) =>
    attemptsOf(values.map((value) => ["cafe.attempts", bytes(value)]));
  assertEquals(counts("1", "2"), 2);
  for (const text of ["", "-1", "1.5", "many", "Infinity"]) {
    assertEquals(counts(text), 0);
  }
  assertEquals(counts(), 0);
});

Deno.test("deadLetterTopic() appends .dlq to the topic's name", () => {
  assertMatch(deadLetterTopic("demo"), /^demo\.dlq$/);
});
