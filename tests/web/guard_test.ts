/**
 * Who the dashboard's server answers: tests of names, origins and passwords.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Secret } from "../../lib/base/secret.ts";
import { RequestError } from "../../lib/web/answers.ts";
import { type Address, checkOrigin } from "../../lib/web/guard.ts";
import { passwordCheck } from "../../lib/web/password.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 8080 };

/** Checks a request. @returns The status of its refusal; 200 if it is not refused. */
function check(
  headers: Record<string, string>,
  { method = "GET", path = "/", address = LOOPBACK }: {
    readonly method?: string;
    readonly path?: string;
    readonly address?: Address;
  } = {},
): number {
  const request = new Request(`http://ignored${path}`, {
    method,
    headers: { host: "localhost:8080", ...headers },
  });
  try {
    checkOrigin(request, address);
    return 200;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return error.status;
  }
}

Deno.test("checkOrigin() takes this machine's names with the port, and no other name that is pointed at it", () => {
  const own = [
    "localhost:8080",
    "127.0.0.1:8080",
    "[::1]:8080",
    "LOCALHOST:8080",
  ];
  const foreign = [
    "",
    "localhost",
    "localhost:80",
    "localhost:8081",
    "evil.example:8080",
    "localhost.evil.example:8080",
    "127.0.0.1.nip.io:8080",
    "user@localhost:8080",
    "localhost:8080/",
    "127.1:8080",
    "192.168.1.20:8080",
    "localhost:8080, evil.example:8080",
  ];
  assertEquals(own.map((host) => check({ host })), own.map(() => 200));
  assertEquals(foreign.map((host) => check({ host })), foreign.map(() => 421));
});

Deno.test("checkOrigin() takes the name that the server listens on, and any address where it listens on all", () => {
  const named = { hostname: "Till.local", port: 8080 };
  assertEquals(check({ host: "till.local:8080" }, { address: named }), 200);
  assertEquals(check({ host: "other.local:8080" }, { address: named }), 421);
  for (const hostname of ["0.0.0.0", "::"]) {
    const address = { hostname, port: 80 };
    assertEquals(check({ host: "192.168.1.20" }, { address }), 200);
    assertEquals(check({ host: "192.168.1.20:80" }, { address }), 200);
    assertEquals(check({ host: "[2001:db8::1]" }, { address }), 200);
    assertEquals(check({ host: "evil.example" }, { address }), 421);
  }
});

Deno.test("checkOrigin() refuses what another site's page sends, and acts without an origin", () => {
  const origin = "http://localhost:8080";
  const method = "POST";
  assertEquals(check({}), 200);
  assertEquals(check({ origin }), 200);
  assertEquals(check({ origin }, { method }), 200);
  assertEquals(check({}, { method }), 403);
  for (
    const other of [
      "null",
      "https://localhost:8080",
      "http://localhost:8081",
      "http://127.0.0.1:8080",
      "http://evil.example",
    ]
  ) {
    assertEquals(check({ origin: other }), 403, other);
    assertEquals(check({ origin: other }, { method }), 403, other);
  }
  for (const site of ["cross-site", "same-site"]) {
    assertEquals(check({ "sec-fetch-site": site }), 403);
    // A link to the page, or its address typed in.
    const link = { "sec-fetch-site": site, "sec-fetch-mode": "navigate" };
    assertEquals(check(link), 200);
    assertEquals(check({ ...link, origin }, { method }), 403);
    assertEquals(check(link, { path: "/api/topics/demo/download" }), 403);
  }
  assertEquals(check({ "sec-fetch-site": "same-origin" }), 200);
});

function login(password?: string): Request {
  return new Request("http://ignored/", {
    headers: password === undefined ? {} : {
      authorization: `Basic ${
        new TextEncoder().encode(`any:${password}`).toBase64()
      }`,
    },
  });
}

const statusOf = (
  check: ReturnType<typeof passwordCheck>,
  request: Request,
  from: string,
) => {
  try {
    check(request, from);
    return 200;
  } catch (error) {
    return (error as RequestError).status;
  }
};

Deno.test("passwordCheck() takes the password with any user, and asks for it without one", () => {
  const check = passwordCheck(new Secret("pass:wörd"));
  assertEquals(statusOf(check, login("pass:wörd"), "10.0.0.7"), 200);
  assertEquals(statusOf(check, login("pass:wörd "), "10.0.0.7"), 401);
  assertEquals(statusOf(check, login(""), "10.0.0.7"), 401);
  const error = assertThrows(
    () => check(login(), "10.0.0.7"),
    RequestError,
    "The dashboard asks for its password",
  );
  assertEquals(error.headers, {
    "www-authenticate": 'Basic realm="Campus Cafe", charset="UTF-8"',
  });
});

Deno.test("passwordCheck() hears an address no more after ten wrong passwords, and others still", () => {
  const check = passwordCheck(new Secret("password"));
  const guess = (from: string) => statusOf(check, login("guess"), from);
  for (let count = 0; count < 10; count++) {
    // A host may take any address of its network of IPv6.
    assertEquals(guess(`2001:db8::${count}`), 401);
    assertEquals(guess("10.0.0.7"), 401);
    assertEquals(guess("::ffff:10.0.0.9"), 401);
    assertEquals(statusOf(check, login(), "10.0.0.8"), 401);
  }
  assertEquals(guess("10.0.0.7"), 429);
  assertEquals(guess("::ffff:10.0.0.9"), 429);
  assertEquals(guess("2001:db8::ffff"), 429);
  assertEquals(statusOf(check, login("password"), "10.0.0.7"), 429);
  assertEquals(statusOf(check, login("password"), "10.0.0.8"), 200);
  assertEquals(statusOf(check, login("password"), "::ffff:10.0.0.8"), 200);
  assertEquals(statusOf(check, login("password"), "2001:db8:0:1::1"), 200);
});
