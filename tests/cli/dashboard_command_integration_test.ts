/**
 * Tests of `deno task dashboard` as a process of its own, with its own permissions, against a real Kafka and a real registry.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePorts } from "../../lib/engine/ports.ts";
import { eventually } from "../support/eventually.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { scratchFolder } from "../support/scratch_folder.ts";
import { runTaskProcess, TaskProcess } from "../support/task_process.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";

/** Starts the task on a free port. */
async function start(
  { config }: Bench,
  args: readonly string[] = [],
): Promise<{ readonly task: TaskProcess; readonly url: string }> {
  const [port = 0] = freePorts(1);
  const task = new TaskProcess(config, "dashboard", [
    `--port=${port}`,
    "--database=.data/none.db",
    ...args,
  ], { reach: [`127.0.0.1:${port}`] });
  await task.until(/Press Ctrl\+C to stop\n/);
  return { task, url: `http://localhost:${port}` };
}

integrationTest(
  "dashboard prints its address, shows a message with its own permissions, and ends at Ctrl+C though pages and a download are open",
  async (bench) => {
    const { topic, config } = bench;
    await makeTopic(bench, 1);
    const [value] = await encodeOrders(bench, [makeOrder()]);
    await sendRaw(config, topic, [{ value: value as never }]);
    const large = { ...bench, topic: `${topic}.large` };
    await makeTopic(large, 1);
    for (let count = 0; count < 16; count++) {
      await sendRaw(config, large.topic, [{ value: "x".repeat(900_000) }]);
    }
    const { task, url } = await start(bench);
    await using _ = task;
    const page = await fetch(url);
    assertMatch(await page.text(), /^<!DOCTYPE html>/);
    assertMatch(
      page.headers.get("content-security-policy") ?? "",
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    );
    const etag = page.headers.get("etag") ?? "";
    const again = await fetch(url, { headers: { "if-none-match": etag } });
    assertEquals([again.status, await again.text()], [304, ""]);
    let store: unknown;
    // The first look may take longer than the page waits for it.
    await eventually("Kafka and the registry answer", async () => {
      const status = await (await fetch(`${url}/api/status`)).json();
      ({ store } = status);
      return status.kafka.ok && status.registry.ok;
    });
    assertEquals(store, {
      ok: false,
      error: "Nothing is stored in the database '.data/none.db' yet",
      advice: "Run `deno task store` to fill it.",
    });
    const messages = await fetch(`${url}/api/topics/${topic}/messages`);
    assertEquals((await messages.json()).messages.length, 1);
    const open = await Promise.all(
      [
        "live?since=0",
        `topics/${topic}/follow`,
        `topics/${large.topic}/download`,
      ].map((path) => fetch(`${url}/api/${path}`)),
    );
    const startMs = performance.now();
    task.signal("SIGINT");
    assertEquals(await task.end(), {
      code: 0,
      stdout: `The dashboard is at ${url}\nPress Ctrl+C to stop\n`,
      stderr: "",
    });
    assert(performance.now() - startMs < STOP_LIMIT_MS);
    for (const stream of open) await stream.text().catch(() => {});
  },
);

integrationTest(
  "dashboard says which port is in use, what it may not listen on, and that others need a password",
  async (bench) => {
    const { config } = bench;
    const { task, url } = await start(bench);
    await using _ = task;
    const { port } = new URL(url);
    const run = async (args: readonly string[], reach: readonly string[]) => {
      const { code, stderr } = await runTaskProcess(config, "dashboard", args, {
        reach,
      });
      return [code, ...stderr.trimEnd().split("\n")];
    };
    assertEquals(await run([`--port=${port}`], [`127.0.0.1:${port}`]), [
      1,
      `Error: Another program listens on 127.0.0.1:${port} already`,
      "  Name another with --port, such as --port 8082.",
    ]);
    assertEquals(await run([`--port=${port}`], []), [
      1,
      `Error: No permission to listen on 127.0.0.1:${port}`,
      `  Add 127.0.0.1:${port} to "permissions.dashboard.net" in deno.json.`,
    ]);
    assertEquals(await run(["--listen=0.0.0.0"], []), [
      2,
      "Error: --listen needs --password-file",
      "  Run `deno task dashboard --help` for its flags.",
    ]);
  },
);

integrationTest(
  "dashboard asks for the password of a file, and shows nothing without it",
  async (bench) => {
    await using folder = await scratchFolder();
    const path = `${folder.path}/page.txt`;
    const [port = 0] = freePorts(1);
    const options = {
      reach: [`0.0.0.0:${port}`],
      read: [folder.path, ".data"],
    };
    const flags = [
      `--port=${port}`,
      "--listen=0.0.0.0",
      `--password-file=${path}`,
    ];
    await Deno.writeTextFile(path, "short\n", { mode: 0o600 });
    const short = await runTaskProcess(
      bench.config,
      "dashboard",
      flags,
      options,
    );
    assertEquals(short.code, 2);
    assertMatch(short.stderr, /one line of 8 characters or more/);
    await Deno.writeTextFile(path, "a long password\n");
    await using task = new TaskProcess(
      bench.config,
      "dashboard",
      flags,
      options,
    );
    await task.until(/Press Ctrl\+C to stop\n/);
    const url = `http://127.0.0.1:${port}`;
    for (
      const path of ["/", "/page/main.js", "/api/status", "/api/live?since=0"]
    ) {
      const response = await fetch(url + path);
      assertEquals(response.status, 401, path);
      assertEquals(await response.json(), {
        error: "The dashboard asks for its password",
      });
    }
    const login = new TextEncoder().encode("me:a long password").toBase64();
    const response = await fetch(url, {
      headers: { authorization: `Basic ${login}` },
    });
    assertEquals(response.status, 200);
    await response.text();
    task.signal("SIGTERM");
    const { code, stderr } = await task.end();
    assertEquals([code, stderr.includes("a long password")], [0, false]);
  },
);
