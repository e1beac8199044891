/**
 * Where Kafka and the registry are: flags before the environment before the defaults, and what is refused.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ConfigFlags, resolveConfig } from "../../lib/settings/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import denoJson from "../../deno.json" with { type: "json" };

const ADDRESSES = ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL"];

/** Reads variables from a table, and no others than those that the permissions name. */
function environment(table: Readonly<Record<string, string>>) {
  return (name: string) => {
    assert(denoJson.permissions.pipeline.env.allow.includes(name), name);
    return table[name];
  };
}

const ENVIRONMENT = environment({
  KAFKA_BROKERS: "env:1",
  SCHEMA_REGISTRY_URL: "http://env:2",
});
const EMPTY = environment({ KAFKA_BROKERS: "", SCHEMA_REGISTRY_URL: "" });
const NOTHING = environment({});

Deno.test("resolveConfig() takes flags before the environment before the defaults", () => {
  const flags = { brokers: "flag:3", registry: "http://flag:4" };
  const expected: [ConfigFlags, typeof NOTHING, string, string][] = [
    [flags, ENVIRONMENT, "flag:3", "http://flag:4"],
    [flags, NOTHING, "flag:3", "http://flag:4"],
    [{ brokers: "flag:3" }, ENVIRONMENT, "flag:3", "http://env:2"],
    [{ registry: "http://flag:4" }, ENVIRONMENT, "env:1", "http://flag:4"],
    [{}, ENVIRONMENT, "env:1", "http://env:2"],
    [
      { brokers: undefined, registry: undefined },
      ENVIRONMENT,
      "env:1",
      "http://env:2",
    ],
    [{}, EMPTY, "localhost:9092", "http://localhost:8081"],
    [{}, NOTHING, "localhost:9092", "http://localhost:8081"],
  ];
  for (const [given, env, broker, registryUrl] of expected) {
    assertEquals(resolveConfig(given, { env }), {
      brokers: [broker],
      registryUrl,
    });
  }
});

Deno.test("resolveConfig() doesn't read the addresses from the environment when both flags are there", () => {
  const flags = { brokers: "flag:3", registry: "http://flag:4" };
  resolveConfig(flags, {
    env(name) {
      assert(!ADDRESSES.includes(name), name);
      return undefined;
    },
  });
});

Deno.test("resolveConfig() takes every form of a broker list", () => {
  const lists: [string, string[]][] = [
    ["a:1", ["a:1"]],
    ["a:1,b:2,c:65535", ["a:1", "b:2", "c:65535"]],
    [" a:1 , b:2 ", ["a:1", "b:2"]],
    ["kafka-1.example.com:9092", ["kafka-1.example.com:9092"]],
    ["192.0.2.7:9092", ["192.0.2.7:9092"]],
    ["[::1]:9092", ["[::1]:9092"]],
  ];
  for (const [brokers, expected] of lists) {
    assertEquals(
      resolveConfig({ brokers }, { env: NOTHING }).brokers,
      expected,
    );
    const env = environment({ KAFKA_BROKERS: brokers });
    assertEquals(resolveConfig({}, { env }).brokers, expected);
  }
});

Deno.test("resolveConfig() refuses a broker that isn't host:port, and says which and where", () => {
  const lists: [string, string][] = [
    ["", ""],
    ["localhost", "localhost"],
    ["localhost:", "localhost:"],
    [":9092", ":9092"],
    ["localhost:0", "localhost:0"],
    ["localhost:65536", "localhost:65536"],
    ["localhost:http", "localhost:http"],
    ["localhost:-1", "localhost:-1"],
    ["::1:9092", "::1:9092"],
    ["http://localhost:9092", "http://localhost:9092"],
    ["localhost:9092/x", "localhost:9092/x"],
    ["two words:9092", "two words:9092"],
    ["a:1,b", "b"],
    ["a:1,", ""],
    ["a:1,,b:2", ""],
  ];
  for (const [brokers, shown] of lists) {
    const flagError = assertThrows(
      () => resolveConfig({ brokers }, { env: NOTHING }),
      UsageError,
      undefined,
      brokers,
    );
    assertEquals(
      flagError.message,
      `A broker is written host:port, in brokers: "${shown}"`,
    );
    if (brokers === "") continue;
    const env = environment({ KAFKA_BROKERS: brokers });
    const envError = assertThrows(() => resolveConfig({}, { env }), UsageError);
    assertEquals(
      envError.message,
      `A broker is written host:port, in KAFKA_BROKERS: "${shown}"`,
    );
  }
});

Deno.test("resolveConfig() names the source of a wrong value as its caller does", () => {
  const sources = { brokers: "--brokers", registry: "--registry" };
  assertThrows(
    () => resolveConfig({ brokers: "b" }, { env: NOTHING, sources }),
    UsageError,
    'A broker is written host:port, in --brokers: "b"',
  );
  assertThrows(
    () => resolveConfig({ registry: "r" }, { env: NOTHING, sources }),
    UsageError,
    'The registry is an http or https URL, in --registry: "r"',
  );
});

Deno.test("resolveConfig() takes an http or https URL and drops the slashes at its end", () => {
  const urls: [string, string][] = [
    ["http://localhost:8081", "http://localhost:8081"],
    ["http://localhost:8081/", "http://localhost:8081"],
    ["http://localhost:8081//", "http://localhost:8081"],
    [" http://localhost:8081 ", "http://localhost:8081"],
    ["https://r.example.com/api/v7/", "https://r.example.com/api/v7"],
    ["HTTP://R.Example.com:81/Api", "http://r.example.com:81/Api"],
    ["http://[::1]:8081", "http://[::1]:8081"],
    ["http://r.example.com/a@b", "http://r.example.com/a@b"],
  ];
  for (const [registry, expected] of urls) {
    assertEquals(
      resolveConfig({ registry }, { env: NOTHING }).registryUrl,
      expected,
    );
  }
});

Deno.test("resolveConfig() refuses what is no registry's URL, and says which and where", () => {
  for (
    const registry of [
      "",
      "localhost:8081",
      "localhost",
      "ftp://localhost:8081",
      "file:///etc/passwd",
      "http://",
      "http://local host",
      "http://localhost:99999",
    ]
  ) {
    const error = assertThrows(
      () => resolveConfig({ registry }, { env: NOTHING }),
      UsageError,
    );
    assertEquals(
      error.message,
      `The registry is an http or https URL, in registry: "${registry}"`,
    );
  }
  const env = environment({ SCHEMA_REGISTRY_URL: "nowhere" });
  const error = assertThrows(() => resolveConfig({}, { env }), UsageError);
  assertEquals(
    error.message,
    'The registry is an http or https URL, in SCHEMA_REGISTRY_URL: "nowhere"',
  );
});

Deno.test("resolveConfig() refuses a query and a fragment, and doesn't repeat them", () => {
  for (const tail of ["?token=hunter2", "#hunter2"]) {
    const error = assertThrows(
      () =>
        resolveConfig({ registry: `http://r:1/api${tail}` }, { env: NOTHING }),
      UsageError,
    );
    assertEquals(
      error.message,
      `The registry's URL may not have a query or a fragment, in registry: "http://r:1/api…"`,
    );
  }
});

Deno.test("resolveConfig() refuses credentials without repeating them", () => {
  const refused: [ConfigFlags, string][] = [
    ...[
      "http://barista:hunter2@localhost:8081",
      "http://hunter2@localhost:8081",
      "https://:hunter2@localhost",
      "ftp://barista:hunter2@localhost",
      "http://barista:hunter2@",
      "http://barista:hunter2@localhost:99999",
      "barista:hunter2@localhost:8081",
      "//barista:hunter2@localhost",
    ].map((registry): [ConfigFlags, string] => [
      { registry },
      "The registry's URL may not contain a user name or password, in registry",
    ]),
    ...[
      "barista:hunter2@localhost:9092",
      "SASL_SSL://barista:hunter2@localhost:9092",
      "localhost:9092,barista:hunter2@localhost:9093",
      "barista:hunter2,more@localhost:9092",
    ].map((brokers): [ConfigFlags, string] => [
      { brokers },
      "A broker may not contain a user name or password, in brokers",
    ]),
  ];
  for (const [flags, message] of refused) {
    const error = assertThrows(
      () => resolveConfig(flags, { env: NOTHING }),
      UsageError,
      undefined,
      JSON.stringify(flags),
    );
    assertEquals(error.message, message);
    const shown = `${error.stack} ${error.hint} ${Deno.inspect(error)}`;
    assertEquals(shown.includes("hunter2"), false);
  }
});
