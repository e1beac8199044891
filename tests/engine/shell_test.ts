/**
 * Who a process is, asked of the shell.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import {
  commandLine,
  parseIdentity,
  processIdentity,
  runCommand,
} from "../../lib/engine/shell.ts";
import { shellTest } from "../support/local_engine.ts";

function stat(name: string, state: string, threads = 1): string {
  const before = `1 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 ${threads} 0`;
  return `77 (${name}) ${state} ${before} 65432 1 2 3\nb00t-id\n`;
}

Deno.test("parseIdentity() reads the start time and the boot when a name has spaces and parentheses", () => {
  assertEquals(parseIdentity(stat("java", "S")), "b00t-id 65432");
  assertEquals(parseIdentity(stat("a) R 5 (b", "S")), "b00t-id 65432");
});

Deno.test("parseIdentity() reads a line of ps where there is no /proc", () => {
  assertEquals(
    parseIdentity("Ss   Mon Nov 23 04:17:21 2026\n"),
    "Mon Nov 23 04:17:21 2026",
  );
});

Deno.test("parseIdentity() takes a process for gone when only its record is left", () => {
  assertEquals(parseIdentity(stat("java", "Z")), undefined);
  assertEquals(parseIdentity("Z  Mon Nov 23 04:17:21 2026"), undefined);
  assertEquals(parseIdentity(""), undefined);
});

Deno.test("parseIdentity() takes a process for alive when its first thread has ended and others have not", () => {
  assertEquals(parseIdentity(stat("java", "Z", 12)), "b00t-id 65432");
});

shellTest(
  "processIdentity() tells a process from another and from one that is gone",
  async () => {
    const sleeper = new Deno.Command("sh", {
      args: ["-c", "read -r _"],
      stdin: "piped",
    })
      .spawn();
    const own = await processIdentity(Deno.pid);
    assert(own);
    assertEquals(await processIdentity(Deno.pid), own);
    const other = await processIdentity(sleeper.pid);
    assert(other);
    assertMatch(await commandLine(sleeper.pid) ?? "", /sh -c read -r _$/);
    await sleeper.stdin.close();
    await sleeper.status;
    assertEquals(await processIdentity(sleeper.pid), undefined);
    assertNotEquals(own, undefined);
  },
);

shellTest("runCommand() ends what takes too long", async () => {
  const started = Date.now();
  const slow = await runCommand(["sh", "-c", "exec sleep 30"], {
    timeoutMs: 100,
  });
  assertNotEquals(slow.code, 0);
  assert(Date.now() - started < 30_000);
});
