/**
 * Which database is used, and how it is reached.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import { Secret } from "../../lib/base/secret.ts";
import { resolveDatabase } from "../../lib/settings/database.ts";

/** Resolves with variables, and files by their paths. */
function resolve(
  named: string | undefined,
  variables: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const warnings: string[] = [];
  const settings = resolveDatabase(named, {
    env: (name) => variables[name],
    file: (path) => new TextEncoder().encode(files[path]),
    warn: (line) => warnings.push(line),
    source: "--database",
  });
  return { settings, warnings };
}

Deno.test("resolveDatabase() takes what is named over DATABASE_URL, and that over the default", () => {
  const DATABASE_URL = "postgres://cafe:of%20mine@db.example:5433/days";
  assertEquals(resolve(undefined).settings, { path: ".data/cafe.db" });
  assertEquals(resolve("a.db", { DATABASE_URL }).settings, { path: "a.db" });
  assertEquals(resolve(undefined, { DATABASE_URL: "" }).settings, {
    path: ".data/cafe.db",
  });
  const { settings, warnings } = resolve(undefined, { DATABASE_URL });
  assertEquals(settings, {
    url: "postgres://db.example:5433/days",
    hostname: "db.example",
    port: 5433,
    database: "days",
    user: "cafe",
    password: new Secret("of mine"),
  });
  assertEquals(
    "password" in settings && settings.password?.reveal(),
    "of mine",
  );
  assertEquals(warnings, [
    "Warning: all events go over the network in plain text, and the password may be guessed from the login. " +
    "Add ?sslmode=verify-full to the database's URL.",
  ]);
});

Deno.test("resolveDatabase() takes the password from a variable or a file, and the port and the name from the defaults", () => {
  const url = "postgresql://cafe@localhost";
  const expected = {
    url: "postgres://localhost:5432/cafe",
    hostname: "localhost",
    port: 5432,
    database: "cafe",
    user: "cafe",
  };
  assertEquals(resolve(url).settings, expected);
  for (
    const [variables, files] of [
      [{ DATABASE_PASSWORD: "x" }, {}],
      [{ DATABASE_PASSWORD_FILE: "p.txt" }, { "p.txt": "x\n" }],
    ] as const
  ) {
    const { settings, warnings } = resolve(url, variables, files);
    assertEquals("password" in settings && settings.password?.reveal(), "x");
    assertEquals(warnings, []);
  }
  assertEquals(resolve(`${url}?sslmode=require`).settings, {
    ...expected,
    tls: {},
  });
  const ipv6 = resolve("postgres://cafe@[::1]:5433/x").settings;
  assertEquals("hostname" in ipv6 && ipv6.hostname, "::1");
});

Deno.test("resolveDatabase() refuses what it can't use, and shows no password", () => {
  for (
    const [named, message] of [
      [
        "mysql://cafe@localhost/x",
        "A database is a file's path or a postgres:// URL, in --database",
      ],
      [
        "postgres://s3cret@:x/",
        "A database is a file's path or a postgres:// URL, in --database",
      ],
      [
        "postgres://cafe:s3cret@localhost/x",
        "The database's URL may not contain a password, in --database",
      ],
      [
        "postgres://localhost/x",
        "The database's URL names no user, in --database",
      ],
      [
        "postgres://cafe@localhost?sslmode=prefer",
        'sslmode is one of disable, require, verify-ca, verify-full, in --database: "prefer"',
      ],
      [
        "postgres://cafe@localhost?options=-c",
        "The database's URL has a parameter that is not supported, in --database: options",
      ],
    ] as const
  ) {
    const error = assertThrows(() => resolve(named), UsageError, message);
    assertEquals(error.message.includes("s3cret"), false);
  }
  assertThrows(
    () =>
      resolve("postgres://cafe@localhost", { DATABASE_SSL_CA_FILE: "ca.pem" }),
    UsageError,
    "DATABASE_SSL_CA_FILE is set, and the database's URL has no sslmode=verify-full",
  );
  assertThrows(
    () =>
      resolve("postgres://cafe@localhost", {
        DATABASE_PASSWORD: "a",
        DATABASE_PASSWORD_FILE: "b",
      }),
    UsageError,
    "DATABASE_PASSWORD and DATABASE_PASSWORD_FILE are both set",
  );
});
