/**
 * What the project relies on in the packages of JSR. Holds for the packages and for their
 * stand-ins alike: whichever the import map resolves to is tested.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertExists,
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
import * as cli from "@std/cli";
import { parseArgs } from "@std/cli/parse-args";
import {
  NAMESPACE_DNS,
  NAMESPACE_URL,
  NIL_UUID,
  v4,
  v5,
  validate,
  version,
} from "@std/uuid";
import * as uuidV5 from "@std/uuid/v5";

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

Deno.test("assertExists() fails when the value is null or undefined", () => {
  for (const value of [0, "", false, NaN]) assertExists(value);
  for (const value of [null, undefined]) {
    mustInclude(failure(() => assertExists(value, "why")).message, "why");
  }
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

/** Parses for the values alone; the types are shown by one test of their own. */
const parsed = (
  args: string[],
  options: Parameters<typeof parseArgs>[1] = {},
): Record<string, unknown> => parseArgs(args, options);

Deno.test("parseArgs() is the same from the package and from its subpath", () => {
  assertStrictEquals(cli.parseArgs, parseArgs);
});

Deno.test("parseArgs() keeps text and flags apart when they are declared", () => {
  const parsed = parseArgs(
    ["--topic", "7", "--json", "orders", "--count=5", "--", "--raw"],
    { string: ["topic", "group"], boolean: ["json", "quiet"] },
  );
  const topic: string | undefined = parsed.topic;
  const json: boolean = parsed.json;
  assertStrictEquals(topic, "7");
  assertStrictEquals(json, true);
  assertEquals(parsed, {
    _: ["orders", "--raw"],
    topic: "7",
    json: true,
    quiet: false,
    count: 5,
  });
});

Deno.test("parseArgs() gives an empty text when a text flag has no value", () => {
  const options = { string: ["topic"], boolean: ["json"] };
  assertEquals(parsed(["--topic"], options).topic, "");
  assertEquals(parsed(["--topic", "--json"], options), {
    _: [],
    topic: "",
    json: true,
  });
  assertEquals(parsed(["--topic", "-5"], options).topic, "");
});

Deno.test("parseArgs() takes values with signs, spaces and equal signs after an equal sign", () => {
  const options = { string: ["a"] };
  assertEquals(parsed(["--a=-5"], options).a, "-5");
  assertEquals(parsed(["--a=b=c"], options).a, "b=c");
  assertEquals(parsed(["--a=b\nc d"], options).a, "b\nc d");
  assertEquals(parsed(["--a", "b c"], options).a, "b c");
});

Deno.test("parseArgs() takes the last value when a flag is repeated, all when it is collected", () => {
  const args = ["--a", "1", "--a", "2"];
  assertEquals(parsed(args, { string: ["a"] }).a, "2");
  assertEquals(parsed(args, { string: ["a"], collect: ["a"] }).a, [
    "1",
    "2",
  ]);
  assertEquals(parsed([], { string: ["a"], collect: ["a"] }).a, []);
});

Deno.test("parseArgs() fills in defaults and aliases", () => {
  const options = {
    string: ["topic"],
    boolean: ["help"],
    alias: { help: "h", topic: "t" },
    default: { topic: "demo" },
  };
  assertEquals(parsed(["-h"], options), {
    _: [],
    h: true,
    help: true,
    t: "demo",
    topic: "demo",
  });
  assertEquals(parsed(["-t", "7"], options), {
    _: [],
    h: false,
    help: false,
    t: "7",
    topic: "7",
  });
});

Deno.test("parseArgs() negates only what is negatable", () => {
  const options = { boolean: ["color"], negatable: ["color"] };
  assertEquals(parsed(["--no-color"], { ...options }).color, false);
  assertEquals(
    parsed(["--no-color"], { boolean: ["color"] }),
    { _: [], color: false, "no-color": true },
  );
});

Deno.test("parseArgs() reads a boolean's value when it is given", () => {
  const options = { boolean: ["json"] };
  assertEquals(parsed(["--json=false"], options).json, false);
  assertEquals(parsed(["--json=true"], options).json, true);
  assertEquals(parsed(["--json", "false"], options).json, false);
});

Deno.test("parseArgs() reads short flags alone, in a row and with a value", () => {
  assertEquals(parsed(["-a"]), { _: [], a: true });
  assertEquals(parsed(["-abc"]), { _: [], a: true, b: true, c: true });
  assertEquals(parsed(["-n5"]), { _: [], n: 5 });
  assertEquals(parsed(["-n=x"]), { _: [], n: "x" });
  assertEquals(parsed(["-n", "x"]), { _: [], n: "x" });
  assertEquals(parsed(["-an", "5"]), { _: [], a: true, n: 5 });
  assertEquals(parsed(["-"]), { _: ["-"] });
});

Deno.test("parseArgs() asks about each undeclared argument and leaves it out when told to", () => {
  const asked: unknown[] = [];
  const left = parsed(
    ["--topic", "demo", "--typo", "x", "--other=y", "-z", "stray", "--json"],
    {
      string: ["topic"],
      boolean: ["json"],
      unknown: (arg, key, value) => {
        asked.push([arg, key, value]);
        return false;
      },
    },
  );
  assertEquals(asked, [
    ["--typo", "typo", "x"],
    ["--other=y", "other", "y"],
    ["-z", "z", "stray"],
  ]);
  assertEquals(left, { _: [], topic: "demo", json: true });
});

Deno.test("parseArgs() asks about a stray argument without a name", () => {
  const asked: unknown[] = [];
  const unknown = (arg: string, key?: string) => {
    asked.push([arg, key]);
    return false;
  };
  assertEquals(parsed(["stray"], { string: ["topic"], unknown })._, []);
  assertEquals(asked, [["stray", undefined]]);
});

Deno.test("parseArgs() ends the flags at the first other argument when told to", () => {
  assertEquals(parsed(["-a", "--", "-b"], { "--": true }), {
    _: [],
    a: true,
    "--": ["-b"],
  });
  assertEquals(
    parsed(["--a=1", "run", "--b=2"], { stopEarly: true }),
    { _: ["run", "--b=2"], a: 1 },
  );
});

Deno.test("parseArgs() makes numbers of what looks like one unless it is text", () => {
  assertEquals(parsed(["--a=1.5", "7", "0x1f", "x7"]), {
    _: [7, 31, "x7"],
    a: 1.5,
  });
  assertEquals(parsed(["7"], { string: ["_"] })._, ["7"]);
});

Deno.test("v5.generate() makes the UUID that the standard's algorithm gives", async () => {
  const name = (text: string) => new TextEncoder().encode(text);
  assertEquals(
    await v5.generate(NAMESPACE_DNS, name("python.org")),
    "886313e1-3b8a-5372-9b90-0c9aee199e5d",
  );
  assertEquals(
    await uuidV5.generate(NAMESPACE_URL, name("http://python.org/")),
    "4c565f0d-3f5a-5890-b41b-20cf47701c5e",
  );
  assertEquals(
    await v5.generate(NAMESPACE_URL.toUpperCase(), name("")),
    await v5.generate(NAMESPACE_URL, new Uint8Array()),
  );
});

Deno.test("v5.generate() rejects a namespace that is no UUID", async () => {
  await assertRejects(
    () => v5.generate("cafe", new Uint8Array()),
    Error,
  );
});

Deno.test("validate() tells UUIDs of every version from other texts", () => {
  const random = crypto.randomUUID();
  assert(validate(random) && validate(random.toUpperCase()));
  assert(validate(NIL_UUID));
  assert(v4.validate(random) && !v5.validate(random));
  const named = "886313e1-3b8a-5372-9b90-0c9aee199e5d";
  assert(v5.validate(named) && !v4.validate(named) && validate(named));
  for (
    const text of [
      "",
      "cafe",
      random.replaceAll("-", ""),
      `${random}0`,
      ` ${random}`,
      `{${random}}`,
      named.replace("-5", "-f"),
      named.replace("-9b90", "-cb90"),
    ]
  ) {
    assert(!validate(text) && !v4.validate(text) && !v5.validate(text), text);
  }
});

Deno.test("version() reads the version and rejects what is no UUID", () => {
  assertEquals(version(crypto.randomUUID()), 4);
  assertEquals(version("886313e1-3b8a-5372-9b90-0c9aee199e5d"), 5);
  assertThrows(() => version("cafe"), TypeError);
});
