/**
 * The command line: what a flag table takes, what it refuses, what `--help` says, and how errors read.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  describeError,
  helpText,
  parseCommandLine,
  type TaskSpec,
} from "../../lib/cli/command.ts";
import {
  type Flags,
  integerFlag,
  numberFlag,
  switchFlag,
  textFlag,
  valueFlag,
} from "../../lib/cli/flags.ts";
import { parseIsoTime } from "../../lib/base/iso_time.ts";
import { CONFIG_FLAGS } from "../../lib/cli/task_flags.ts";
import { PipelineError, UsageError } from "../../lib/base/errors.ts";

const FLAGS = {
  topic: textFlag("NAME", "the topic", { default: "demo" }),
  file: textFlag("PATH", "read a file"),
  from: textFlag("WHERE", "where to begin", {
    default: "earliest",
    choices: ["earliest", "latest"],
  }),
  count: integerFlag("N", "how many", { default: 5, min: 1, max: 100 }),
  "idle-exit": numberFlag("SECONDS", "stop when nothing came for so long", {
    min: 0.1,
    max: 60,
  }),
  shift: numberFlag("N", "a number below zero too", {
    default: 0,
    min: -5,
    max: 5,
  }),
  since: valueFlag("TIME", "a time", {
    takes: "a time in ISO 8601",
    parse: parseIsoTime,
  }),
  json: switchFlag("print JSON"),
};

const DEFAULTS = {
  topic: "demo",
  file: undefined,
  from: "earliest",
  count: 5,
  "idle-exit": undefined,
  shift: 0,
  since: undefined,
  json: false,
  timestamps: false,
  debug: false,
  help: false,
};

const TAKEN: readonly [args: string[], values: Record<string, unknown>][] = [
  [[], {}],
  [["--topic", "orders"], { topic: "orders" }],
  [["--topic=orders"], { topic: "orders" }],
  [["--topic", "42"], { topic: "42" }],
  [["--topic=a=b"], { topic: "a=b" }],
  [["--topic", "true"], { topic: "true" }],
  [["--topic=--json"], { topic: "--json" }],
  [["--file", "-"], { file: "-" }],
  [["--file=-"], { file: "-" }],
  [["--json", "--file", "-"], { json: true, file: "-" }],
  [["--file", "-", "--json"], { json: true, file: "-" }],
  [["--from", "latest"], { from: "latest" }],
  [["--count", "1"], { count: 1 }],
  [["--count=100"], { count: 100 }],
  [["--count", "2", "--count", "3"], { count: 3 }],
  [["--idle-exit", "0.1"], { "idle-exit": 0.1 }],
  [["--idle-exit=60"], { "idle-exit": 60 }],
  [["--shift", "-2.5"], { shift: -2.5 }],
  [["--shift=-5"], { shift: -5 }],
  [["--since", "1970-01-01T00:00:00Z"], { since: 0 }],
  [["--json"], { json: true }],
  [["--json=true"], { json: true }],
  [["--json=false"], { json: false }],
  [["--debug", "--help"], { debug: true, help: true }],
  [["--"], {}],
];

const COUNT = "--count takes a whole number from 1 to 100";
const IDLE = "--idle-exit takes a number from 0.1 to 60";

const REFUSED: readonly [args: string[], message: string][] = [
  [["--bogus"], "Unknown flag: --bogus"],
  [["--bogus", "1"], "Unknown flag: --bogus"],
  [["--bogus=1"], "Unknown flag: --bogus=1"],
  [["--no-json"], "Unknown flag: --no-json"],
  [["--Topic", "orders"], "Unknown flag: --Topic"],
  [["--topic.name", "orders"], "Unknown flag: --topic.name"],
  [["--__proto__", "1"], "Unknown flag: --__proto__"],
  [["--constructor", "1"], "Unknown flag: --constructor"],
  [["-j"], "Unknown flag: -j"],
  [["-count", "3"], "Unknown flag: -count"],
  [["orders"], "Unknown argument: orders"],
  [["5"], "Unknown argument: 5"],
  [["-"], "Unknown argument: -"],
  [["--json", "orders"], "Unknown argument: orders"],
  [["--", "orders"], "Unknown argument: orders"],
  [["--", "--count", "3"], "Unknown argument: --count"],
  [["--topic"], "--topic needs a value: --topic NAME"],
  [["--topic", ""], "--topic needs a value: --topic NAME"],
  [["--topic="], "--topic needs a value: --topic NAME"],
  [["--topic", "--json"], "--topic needs a value: --topic NAME"],
  [["--count"], "--count needs a value: --count N"],
  [["--count="], "--count needs a value: --count N"],
  [["--from", "middle"], '--from takes one of earliest, latest: "middle"'],
  [["--from", "Latest"], '--from takes one of earliest, latest: "Latest"'],
  [["--json=maybe"], '--json takes no value: "maybe"'],
  [["--json="], '--json takes no value: ""'],
  [["--help=no"], '--help takes no value: "no"'],
  ...["0", "101", "-5", "1.5", "1e1", "0x5", "five", " 5", "5 ", "NaN", "٣"]
    .map((text): [string[], string] => [
      ["--count", text],
      `${COUNT}: "${text}"`,
    ]),
  [["--count=-5"], `${COUNT}: "-5"`],
  [["--count", "9".repeat(400)], COUNT],
  ...["0", "0.09", "60.1", "-1", "Infinity", "1,5", ".5", "1."]
    .map((text): [string[], string] => [
      ["--idle-exit", text],
      `${IDLE}: "${text}"`,
    ]),
  [["--since", "noon"], '--since takes a time in ISO 8601: "noon"'],
  [["--shift", "-5.1"], '--shift takes a number from -5 to 5: "-5.1"'],
];

for (const [args, values] of TAKEN) {
  Deno.test(`parseCommandLine() takes ${JSON.stringify(args)}`, () => {
    assertEquals<unknown>(parseCommandLine({ flags: FLAGS }, args).flags, {
      ...DEFAULTS,
      ...values,
    });
  });
}

Deno.test("parseCommandLine() refuses with the flag, the value and what it takes when a command line is wrong", () => {
  for (const [args, message] of REFUSED) {
    const error = assertThrows(
      () => parseCommandLine({ flags: FLAGS }, args).flags,
      UsageError,
      message,
      `taken: ${JSON.stringify(args)}`,
    );
    assert(
      message === COUNT || error.message === message,
      `${JSON.stringify(args)}: ${error.message}`,
    );
  }
});

Deno.test("parseCommandLine() takes the arguments that the task names, in any place", () => {
  const spec = { flags: FLAGS, arguments: ["SUBJECT", "[LEVEL]"] } as const;
  const { args, flags } = parseCommandLine(spec, ["a", "--count", "3", "FULL"]);
  assertEquals<readonly unknown[]>(args, ["a", "FULL"]);
  assertEquals(flags.count, 3);
  assertEquals<readonly unknown[]>(
    parseCommandLine(spec, ["--", "--odd"]).args,
    ["--odd"],
  );
});

Deno.test("parseCommandLine() refuses when an argument is missing or there is one too many", () => {
  const spec = { flags: FLAGS, arguments: ["SUBJECT", "[LEVEL]"] } as const;
  assertThrows(
    () => parseCommandLine(spec, ["--json"]),
    UsageError,
    "SUBJECT is missing",
  );
  assertThrows(
    () => parseCommandLine(spec, ["a", "b", "c"]),
    UsageError,
    "Unknown argument: c",
  );
  assertEquals(parseCommandLine(spec, ["--help"]).flags.json, false);
});

Deno.test("parseCommandLine() suggests what was meant when a flag or a value is mistyped", () => {
  const { topic } = FLAGS;
  assertEquals(
    assertThrows(
      () => parseCommandLine({ flags: { topic } }, ["orders"]),
      UsageError,
    ).hint,
    "Did you mean --topic orders?",
  );
  const hints = ["--topci", "--idle-exti=5", "--Topic", "-json", "--bogus"]
    .map((flag) =>
      assertThrows(() => parseCommandLine({ flags: FLAGS }, [flag]), UsageError)
    )
    .map(({ hint }) => hint);
  assertEquals(hints, [
    "Did you mean --topic?",
    "Did you mean --idle-exit?",
    "Did you mean --topic?",
    "Did you mean --json?",
    undefined,
  ]);
  const hintOf = (value: string) =>
    assertThrows(
      () => parseCommandLine({ flags: FLAGS }, ["--from", value]),
      UsageError,
    ).hint;
  assertEquals(hintOf("lastest"), "Did you mean latest?");
  assertEquals(hintOf("middle"), undefined);
});

Deno.test("parseCommandLine() changes neither the table nor the arguments when it parses them", () => {
  const args = Object.freeze(["--file", "-", "--count", "3"]);
  assertEquals(
    parseCommandLine({ flags: Object.freeze({ ...FLAGS }) }, args).flags.count,
    3,
  );
});

const SPEC: TaskSpec<Flags> = {
  name: "brew",
  summary: "Brews something.",
  flags: {
    count: FLAGS.count,
    from: FLAGS.from,
    file: FLAGS.file,
    ...CONFIG_FLAGS,
    json: FLAGS.json,
  },
  examples: [["deno task brew --count 3", "Three of them"]],
};

const HELP = `Brews something.

Usage: deno task brew [flags]

Flags:
  --count N               how many (default 5)
  --from WHERE            where to begin (one of earliest, latest; default
                          earliest)
  --file PATH             read a file
  --brokers HOST:PORT,…   Kafka's brokers; localhost:9092 by default
                          (environment KAFKA_BROKERS)
  --registry URL          the Schema Registry; http://localhost:8081 by default
                          (environment SCHEMA_REGISTRY_URL)
  --json                  print JSON
  --timestamps            put the time before progress and warnings; without it,
                          only where stderr is not a terminal
  --debug                 show stack traces and the libraries' own log lines
  --help                  show this help

Example:
  # Three of them
  deno task brew --count 3

Exit codes: 0 done, 1 failed, 2 wrong usage`;

Deno.test("helpText() has usage, every flag with its default, choices and environment, an example and the exit codes", () => {
  assertEquals(helpText(SPEC), HELP);
});

Deno.test("helpText() stays within 80 columns when texts are long", () => {
  const long = "word ".repeat(60).trim();
  const text = helpText({
    ...SPEC,
    summary: long,
    flags: {
      "a-flag-with-a-name-of-its-own": textFlag("VALUE", long),
    },
    examples: [["deno task brew", long]],
  });
  assertStringIncludes(text, "\n  --a-flag-with-a-name-of-its-own VALUE\n");
  for (const line of text.split("\n")) assert(line.length <= 80, line);
});

Deno.test("helpText() says Examples when there are two", () => {
  const [example] = SPEC.examples;
  assert(example);
  const text = helpText({ ...SPEC, examples: [example, example] });
  assertStringIncludes(text, "\n\nExamples:\n  # Three of them\n");
});

const CAUSE = new TypeError("the root of it");

Deno.test("describeError() writes message and hint, and nothing else, when the error is meant for a person", () => {
  const error = new PipelineError("It failed", {
    cause: CAUSE,
    hint: "Do this.\nThen that.",
  });
  assertEquals(
    describeError(error, { debug: false }),
    "Error: It failed\n  Do this.\n  Then that.",
  );
  assertEquals(
    describeError(new UsageError("No"), { debug: false }),
    "Error: No",
  );
});

Deno.test("describeError() names --debug and shows no stack trace when the error was not expected", () => {
  for (const thrown of [CAUSE, "the root of it"]) {
    assertEquals(
      describeError(thrown, { debug: false }),
      "Error: the root of it\n  This was not expected. Run it again with --debug for the details.",
    );
  }
});

Deno.test("describeError() adds the stack of the error and of each cause when debugging", () => {
  const text = describeError(
    new PipelineError("It failed", { cause: CAUSE }),
    { debug: true },
  );
  assertStringIncludes(text, "Error: It failed\nPipelineError: It failed\n");
  assertStringIncludes(text, "\nTypeError: the root of it\n    at ");
  assertEquals(text.includes("--debug"), false);
});
