/**
 * Tests of `deno task store` as a process of its own, against a real Kafka, a real registry and real databases.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { withoutDuration, withoutTimes } from "../support/captured_output.ts";
import { readDatabase } from "../support/databases.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { PostgresServer, whyNoPostgres } from "../support/postgres_server.ts";
import { runTaskProcess, TaskProcess } from "../support/task_process.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";

/** Does something with a path in the folder that the task may write to, whose file is removed afterwards. */
async function withFile(fn: (path: string) => Promise<void>): Promise<void> {
  const path = `.data/test-${crypto.randomUUID()}.db`;
  try {
    await fn(path);
  } finally {
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(`${checkoutFolder()}/${path}${end}`).catch(() => {});
    }
  }
}

async function send(bench: Bench, count: number): Promise<void> {
  const orders = Array.from({ length: count }, () => makeOrder());
  const values = await encodeOrders(bench, orders);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value) => ({ partition: 0, key: null, value })),
  );
}

const flagsOf = ({ topic, group }: Bench, path: string) => [
  `--topic=${topic}`,
  `--group=${group}`,
  `--database=${path}`,
];

integrationTest(
  "store prints what it does, stops cleanly at SIGTERM, and goes on where it stopped",
  (bench) =>
    withFile(async (path) => {
      const { config, topic, group } = bench;
      await makeTopic(bench, 1);
      await send(bench, 3);
      const flags = flagsOf(bench, path);
      await using task = new TaskProcess(config, "store", flags);
      await task.until(/stored so far: 3/);
      // Another program reads meanwhile.
      const rows = await readDatabase(
        { path: `${checkoutFolder()}/${path}` },
        "SELECT orders, cents FROM order_customers",
      );
      assertEquals(rows, [{ orders: 3, cents: 3_150 }]);
      task.signal("SIGTERM");
      const first = await task.end();
      assertEquals(first, {
        code: 0,
        stdout: `Starting Cafe Event Store with Schema Registry...
Storing the customer events of topic '${topic}' in '${path}' (group: ${group})...
Press Ctrl+C to stop

Events stored so far: 3
Shutting down store...
Closing store...
Store closed. Total events stored: 3
`,
        stderr: "",
      });
      await send(bench, 2);
      const rest = await runTaskProcess(config, "store", [
        ...flags,
        "--quiet",
        "--idle-exit=1",
      ]);
      assertEquals(rest.code, 0);
      assertMatch(rest.stdout, /\nStore closed\. Total events stored: 2\n$/);
      assertEquals(withoutDuration(rest.stderr), "Stored 2 events.\n");
    }),
);

integrationTest(
  "store says why it can't open a database, and what to do",
  async (bench) => {
    const { config } = bench;
    await makeTopic(bench, 1);
    const run = async (path: string) => {
      const { code, stderr } = await runTaskProcess(config, "store", [
        ...flagsOf(bench, path),
      ]);
      return { code, stderr };
    };
    assertEquals(await run("elsewhere/cafe.db"), {
      code: 1,
      stderr: `Error: No permission for the database 'elsewhere/cafe.db'
  Put it into the folder .data beside deno.json, or add its folder to "read" and "write" of "permissions.store" in deno.json.
`,
    });
    await withFile(async (path) => {
      await Deno.mkdir(`${checkoutFolder()}/.data`, { recursive: true });
      await Deno.writeTextFile(
        `${checkoutFolder()}/${path}`,
        "This is a text, and no database. ".repeat(100),
      );
      assertEquals(await run(path), {
        code: 1,
        stderr:
          `Error: The database '${path}' refuses: file is not a database\n`,
      });
    });
  },
);

integrationTest(
  "store waits while another program has locked the file, and says so once",
  (bench) =>
    withFile(async (path) => {
      const { config } = bench;
      await makeTopic(bench, 1);
      await send(bench, 1);
      await using task = new TaskProcess(config, "store", flagsOf(bench, path));
      await task.until(/stored so far: 1/);
      const { DatabaseSync } = await import("node:sqlite");
      const other = new DatabaseSync(`${checkoutFolder()}/${path}`);
      try {
        other.exec("BEGIN IMMEDIATE");
        await send(bench, 2);
        const waiting = new RegExp(
          `The database '${path}' is in use by another program\\. Waiting for it\\.\\.\\.`,
        );
        await task.until(waiting, "stderr");
        other.exec("COMMIT");
      } finally {
        other.close();
      }
      await task.until(/stored so far: 3/);
      task.signal("SIGINT");
      const { code, stderr } = await task.end();
      const told = withoutTimes(task.stderr).split("\n")
        .filter((line) => line.includes("database"));
      assertEquals({ code, stderr, told }, {
        code: 0,
        stderr: "",
        told: [
          `The database '${path}' is in use by another program. Waiting for it...`,
          "No longer waiting for the database.",
        ],
      });
    }),
);

const POSTGRES =
  "store keeps events on a server that DATABASE_URL names, and never shows its password";
if (whyNoPostgres) {
  Deno.test({ name: `${POSTGRES} (${whyNoPostgres})`, ignore: true, fn() {} });
} else {
  integrationTest(POSTGRES, async (bench) => {
    const { config, topic, group } = bench;
    await using server = await PostgresServer.launch();
    await makeTopic(bench, 1);
    await send(bench, 3);
    const run = (env: Record<string, string>, reach: string[] = []) =>
      runTaskProcess(config, "store", [
        `--topic=${topic}`,
        `--group=${group}`,
        "--count=3",
        "--debug",
      ], { env, reach });
    const env = server.env("postgres");
    const { DATABASE_URL = "" } = env;
    const { password, host } = new URL(DATABASE_URL);
    const wrong = await run(
      { DATABASE_URL: DATABASE_URL.replace(password, "mistaken") },
      [host],
    );
    assertEquals(wrong.code, 1);
    assertMatch(
      wrong.stderr,
      /refuses: password authentication failed for user "cafe"/,
    );
    const denied = await run(env);
    assertMatch(
      denied.stderr,
      new RegExp(
        `^Error: No permission to reach ${host}\\n  Add ${host} to "permissions.store.net" in deno.json.`,
      ),
    );
    const { code, stdout, stderr } = await run(env, [host]);
    assertEquals(code, 0);
    assertMatch(
      stdout,
      new RegExp(`topic '${topic}' in 'postgres://${host}/postgres' `),
    );
    assertMatch(stdout, /Total events stored: 3\n$/);
    for (const text of [wrong.stderr, denied.stderr, stdout, stderr]) {
      assertEquals(text.includes(password) || text.includes("mistaken"), false);
    }
  });
}

integrationTest(
  "store keeps events of any schema, by their place if they have no id",
  (bench) =>
    withFile(async (path) => {
      const { config, topic } = bench;
      await makeTopic(bench, 1);
      const schema = JSON.stringify({
        type: "object",
        properties: {
          guestName: { type: "string" },
          seats: { type: ["integer", "null"] },
          "paid-by": { type: "string" },
          offset: { type: "integer" },
        },
        required: ["guestName"],
        additionalProperties: false,
      });
      const file = `${await Deno.makeTempDir()}/table-booking.schema.json`;
      try {
        await Deno.writeTextFile(file, schema);
        const produced = await runTaskProcess(config, "produce", [
          `--topic=${topic}`,
          `--schema=${file}`,
          "--key-field=guestName",
          "--file=-",
          "--format=ndjson",
        ], {
          input:
            '{"guestName":"Ann","seats":2,"paid-by":"card","offset":7}\n{"guestName":"Ann"}\n',
          read: [file],
        });
        assertEquals(produced.code, 0, produced.stderr);
        const { code, stderr } = await runTaskProcess(config, "store", [
          ...flagsOf(bench, path),
          `--schema=${file}`,
          "--count=2",
        ], { read: [file, ".data"] });
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        const rows = await readDatabase(
          { path: `${checkoutFolder()}/${path}` },
          `SELECT "guestName", seats, paid_by, event_offset, "offset" FROM table_bookings ORDER BY 5`,
        );
        assertEquals(rows, [
          {
            guestName: "Ann",
            seats: "2",
            paid_by: "card",
            event_offset: 7,
            offset: 0,
          },
          {
            guestName: "Ann",
            seats: null,
            paid_by: null,
            event_offset: null,
            offset: 1,
          },
        ]);
      } finally {
        await Deno.remove(file);
      }
    }),
);
