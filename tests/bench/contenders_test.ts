/** Tests of what the contenders are made of. */

import { assert, assertEquals } from "@std/assert";
import checkout from "../../deno.json" with { type: "json" };
import lockText from "../../deno.lock" with { type: "text" };
import clients from "./clients/deno.json" with { type: "json" };

Deno.test("the clients have the same packages as the program, and of their own only what the program does not import", () => {
  const own = Object.entries<string>(clients.imports);
  const { specifiers } = JSON.parse(lockText);
  const shared: Record<string, string> = Object.fromEntries(
    Object.keys(specifiers).map((
      each,
    ) => [each.slice("npm:".length, each.lastIndexOf("@")), each]),
  );
  assert(
    own.every(([name]) => name in shared || name.includes("platformatic")),
  );
  for (const [name, specifier] of own.filter(([name]) => name in shared)) {
    assertEquals(specifier, shared[name]);
  }
  assertEquals(clients.compilerOptions, checkout.compilerOptions);
});

Deno.test("the clients' packages are named by exact versions", () => {
  for (const specifier of Object.values<string>(clients.imports)) {
    assert(/^npm:.+@\d+\.\d+\.\d+$/.test(specifier), specifier);
  }
});
