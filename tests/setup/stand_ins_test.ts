/**
 * What the project relies on in the packages of JSR. Holds for the packages and for their
 * stand-ins alike: whichever the import map resolves to is tested.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { generate, validate } from "@std/uuid/v5";

/** Runs an assertion that must fail; told without the assertions under test. */
function failure(assertion: () => unknown): Error {
  try {
    assertion();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  throw new Error(`Expected to fail: ${assertion}`);
}

async function asyncFailure(assertion: () => Promise<unknown>): Promise<Error> {
  try {
    await assertion();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  throw new Error(`Expected to fail: ${assertion}`);
}

function mustInclude(text: string, ...parts: string[]): void {
  for (const part of parts) {
    if (!text.includes(part)) throw new Error(`No "${part}" in: ${text}`);
  }
}

Deno.test("assert() fails with its message when the value is falsy", () => {
  assert("x");
  for (const falsy of [false, 0, "", null, undefined, NaN]) {
    mustInclude(failure(() => assert(falsy, "why")).message, "why");
  }
});

Deno.test("fail() always fails with its message", () => {
  mustInclude(failure(() => fail("why")).message, "Failed assertion", "why");
});

Deno.test("assertEquals() passes when values are deeply equal", () => {
  assertEquals({ a: [1, { b: "x" }] }, { a: [1, { b: "x" }] });
  assertEquals({ a: 1, b: 2 }, { b: 2, a: 1 });
  assertEquals(new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]]));
  assertEquals(new Set([1, 2]), new Set([2, 1]));
  assertEquals(new Date(5), new Date(5));
  assertEquals(NaN, NaN);
  assertEquals(Uint8Array.of(1, 2), Uint8Array.of(1, 2));
  assertEquals(new URL("http://a/"), new URL("http://a/"));
});

Deno.test("assertEquals() fails when values differ in depth or kind", () => {
  const pairs: [unknown, unknown][] = [
    [1, "1"],
    [1, 1n],
    [null, undefined],
    [0, false],
    [{ a: 1 }, { a: 2 }],
    [{ a: undefined }, {}],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [[1], { 0: 1 }],
    [[1, 2], [1]],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Set([1]), new Set([2])],
    [new Date(5), new Date(6)],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3)],
    [Uint8Array.of(1), [1]],
    [new URL("http://a/"), new URL("http://b/")],
    [/a/, /b/],
    [new Error("a"), new TypeError("a")],
  ];
  for (const [actual, expected] of pairs) {
    failure(() => assertEquals(actual, expected));
    failure(() => assertEquals(expected, actual));
    assertNotEquals(actual, expected);
  }
});

Deno.test("assertEquals() shows both values when they differ", () => {
  const { message } = failure(() =>
    assertEquals({ drink: "Latte" }, { drink: "Mocha" }, "why")
  );
  mustInclude(message, "Values are not equal", "why", "Latte", "Mocha");
});

Deno.test("assertNotEquals() fails when values are deeply equal", () => {
  mustInclude(
    failure(() => assertNotEquals({ a: 71 }, { a: 71 }, "why")).message,
    "71",
    "why",
  );
});

Deno.test("assertStrictEquals() fails when values are equal but not the same", () => {
  const value = { a: 1 };
  assertStrictEquals(value, value);
  assertStrictEquals(NaN, NaN);
  failure(() => assertStrictEquals(0, -0));
  mustInclude(
    failure(() => assertStrictEquals({ a: 1 }, { a: 1 }, "why")).message,
    "not reference-equal",
    "why",
  );
  mustInclude(
    failure(() => assertStrictEquals<unknown>("one", "two")).message,
    "Values are not strictly equal",
  );
});

Deno.test("assertMatch() fails with text and pattern when they don't match", () => {
  assertMatch("abc", /b/);
  mustInclude(
    failure(() => assertMatch("abc", /xyz/, "why")).message,
    "abc",
    "/xyz/",
    "why",
  );
});

Deno.test("assertStringIncludes() fails with both texts when one is not in the other", () => {
  assertStringIncludes("abc", "b");
  mustInclude(
    failure(() => assertStringIncludes("abc", "xyz", "why")).message,
    "abc",
    "xyz",
    "why",
  );
});

Deno.test("assertInstanceOf() fails with both classes when the value is of another", () => {
  assertInstanceOf(new TypeError(), Error);
  mustInclude(
    failure(() => assertInstanceOf(new Date(), RangeError, "why")).message,
    "RangeError",
    "Date",
    "why",
  );
  failure(() => assertInstanceOf(null, Error));
  failure(() => assertInstanceOf("x", String));
});

Deno.test("assertThrows() returns the error when class and message match", () => {
  const error = new RangeError("the count is 7");
  const thrower = () => {
    throw error;
  };
  assertStrictEquals(assertThrows(thrower), error);
  assertStrictEquals(assertThrows(thrower, RangeError, "is 7"), error);
  assertStrictEquals(assertThrows(thrower, Error), error);
});

Deno.test("assertThrows() fails when nothing, another class or another message is thrown", () => {
  const thrower = () => {
    throw new RangeError("the count is 7");
  };
  mustInclude(
    failure(() => assertThrows(() => 1, Error, "x", "why")).message,
    "Expected function to throw",
    "why",
  );
  mustInclude(
    failure(() => assertThrows(() => 1, "why")).message,
    "Expected function to throw",
    "why",
  );
  mustInclude(
    failure(() => assertThrows(thrower, TypeError)).message,
    "TypeError",
    "RangeError",
  );
  mustInclude(
    failure(() => assertThrows(thrower, RangeError, "is 8")).message,
    "is 8",
    "is 7",
  );
  mustInclude(
    failure(() =>
      assertThrows(() => {
        throw "text";
      }, Error)
    ).message,
    "non-Error",
  );
});

Deno.test("assertRejects() returns the error when class and message match", async () => {
  const error = new RangeError("the count is 7");
  const rejecter = () => Promise.reject(error);
  assertStrictEquals(await assertRejects(rejecter), error);
  assertStrictEquals(await assertRejects(rejecter, RangeError, "is 7"), error);
  assertStrictEquals(await assertRejects(rejecter, Error), error);
});

Deno.test("assertRejects() fails when fulfilled, thrown at once, or rejected with another error", async () => {
  const rejecter = () => Promise.reject(new RangeError("the count is 7"));
  mustInclude(
    (await asyncFailure(() =>
      assertRejects(() => Promise.resolve(), Error, "", "why")
    )).message,
    "Expected function to reject",
    "why",
  );
  mustInclude(
    (await asyncFailure(() =>
      assertRejects(() => {
        throw new RangeError("the count is 7");
      }, RangeError)
    )).message,
    "Function throws when expected to reject",
  );
  mustInclude(
    (await asyncFailure(() => assertRejects(rejecter, TypeError))).message,
    "TypeError",
    "RangeError",
  );
  mustInclude(
    (await asyncFailure(() => assertRejects(rejecter, RangeError, "is 8")))
      .message,
    "is 8",
    "is 7",
  );
  mustInclude(
    (await asyncFailure(() =>
      assertRejects(() => Promise.reject("text"), Error)
    )).message,
    "non-Error",
  );
});

/** The namespace for names that are domain names (RFC 9562). */
const NAMESPACE_DNS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

Deno.test("generate() makes the UUID that the standard's algorithm gives", async () => {
  const name = new TextEncoder().encode("python.org");
  for (const namespace of [NAMESPACE_DNS, NAMESPACE_DNS.toUpperCase()]) {
    assertEquals(
      await generate(namespace, name),
      "886313e1-3b8a-5372-9b90-0c9aee199e5d",
    );
  }
});

Deno.test("generate() rejects a namespace that is not a UUID", async () => {
  await assertRejects(() => generate("cafe", new Uint8Array()), Error);
});

Deno.test("validate() tells UUIDs of version 5 from other texts", () => {
  const id = "886313e1-3b8a-5372-9b90-0c9aee199e5d";
  assert(validate(id) && validate(id.toUpperCase()));
  for (
    const text of [
      "",
      "cafe",
      crypto.randomUUID(),
      id.replaceAll("-", ""),
      `${id}0`,
      ` ${id}`,
      `{${id}}`,
      id.replace("-5", "-f"),
      id.replace("-9b90", "-cb90"),
    ]
  ) {
    assert(!validate(text), text);
  }
});

Deno.test("parseArgs() returns text and flags by name when they are declared", () => {
  const parsed = parseArgs(
    ["--topic", "7", "--json", "--group=g"],
    { string: ["topic", "group", "file"], boolean: ["json", "quiet"] },
  );
  const topic: string | undefined = parsed.topic;
  const json: boolean = parsed.json;
  assertStrictEquals(topic, "7");
  assertStrictEquals(json, true);
  assertEquals<Record<string, unknown>>(parsed, {
    _: [],
    topic: "7",
    group: "g",
    json: true,
    quiet: false,
  });
});

Deno.test("parseArgs() returns an empty text when a text flag has no value", () => {
  const options = { string: ["topic"], boolean: ["json"] };
  assertEquals(parseArgs(["--topic"], options)["topic"], "");
  assertEquals<Record<string, unknown>>(
    parseArgs(["--topic", "--json"], options),
    { _: [], topic: "", json: true },
  );
  assertEquals(parseArgs(["--topic", "-5"], options)["topic"], "");
});

Deno.test("parseArgs() takes values with signs, spaces and equal signs after an equal sign", () => {
  for (const value of ["-5", "b=c", "b\nc d", "-"]) {
    assertEquals(parseArgs([`--a=${value}`], { string: ["a"] }).a, value);
  }
  assertEquals(parseArgs(["--a", "b c"], { string: ["a"] }).a, "b c");
});

Deno.test("parseArgs() takes the last value when a flag is repeated", () => {
  assertEquals(
    parseArgs(["--a", "1", "--a", "2"], { string: ["a"] }).a,
    "2",
  );
});

Deno.test("parseArgs() reads a boolean's value when it is given", () => {
  const options = { boolean: ["json"] };
  assertEquals(parseArgs(["--json=false"], options)["json"], false);
  assertEquals(parseArgs(["--json=true"], options)["json"], true);
  assertEquals(parseArgs(["--json", "false"], options)["json"], false);
});

Deno.test("parseArgs() calls unknown() for each undeclared argument and leaves it out on false", () => {
  const asked: unknown[] = [];
  const left: Record<string, unknown> = parseArgs(
    [
      "--topic",
      "demo",
      "--typo",
      "x",
      "--other=y",
      "--no-json",
      "--json",
      "stray",
      "-z",
      "--",
      "--raw",
    ],
    {
      string: ["topic"],
      boolean: ["json"],
      unknown: (arg, key) => {
        asked.push([arg, key]);
        return false;
      },
    },
  );
  assertEquals(asked, [
    ["--typo", "typo"],
    ["--other=y", "other"],
    ["--no-json", "no-json"],
    ["stray", undefined],
    ["-z", "z"],
  ]);
  assertEquals(left, { _: ["--raw"], topic: "demo", json: true });
});
