/**
 * `deno task live`: what runs while it runs, and what is left when it is stopped or killed.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { freePorts, isPortFree } from "../../lib/engine/ports.ts";
import { runScript } from "../../lib/engine/shell.ts";
import { orders } from "../../lib/events/order.ts";
import { visitsOfDay } from "../../lib/events/order_day.ts";
import { produce } from "../../lib/produce/produce.ts";
import { query } from "../../lib/store/database.ts";
import { connectDatabase } from "../../lib/store/store.ts";
import { CheckoutCopy } from "../support/checkout_copy.ts";
import { eventually } from "../support/eventually.ts";
import { localEngineTest } from "../support/local_engine.ts";

/** The first row that the store of a copy has; undefined while it has none. */
async function stored({ folder }: CheckoutCopy, sql: string) {
  const settings = { path: `${folder}/.data/cafe.db` };
  try {
    const database = await connectDatabase(settings, { readOnly: true });
    try {
      const [row] = await database.transaction(() => query(sql));
      return { ...row };
    } finally {
      await database.close();
    }
  } catch {
    return undefined;
  }
}

/** The Deno processes that run in a copy's folder, each with its id and its command line. */
async function processes({ folder }: CheckoutCopy): Promise<string[]> {
  const { stdout } = await runScript(
    `for p in /proc/[0-9]*; do
       if [ "$(readlink "$p/cwd")" = "$1" ]; then echo "\${p#/proc/} $(tr '\\0' ' ' <"$p/cmdline")"; fi
     done`,
    folder,
  );
  return stdout.split("\n").filter((line) => line.includes("deno"));
}

function makePorts() {
  const ports = freePorts(3);
  const [page, kafka, registry] = ports;
  return {
    page,
    ports,
    config: {
      brokers: [`localhost:${kafka}`],
      registryUrl: `http://localhost:${registry}`,
    },
    args: [
      `--port=${page}`,
      `--kafka-port=${kafka}`,
      `--registry-port=${registry}`,
    ],
  };
}

localEngineTest(
  "live fills the store and shows the page, and SIGINT stops all that it has started",
  async () => {
    await using copy = await CheckoutCopy.create();
    const { page, ports, args } = makePorts();
    const live = copy.start("live", [...args, "--speed=600"]);
    // The clock begins at 7:00.
    const later = new Date();
    later.setHours(7, 15, 0, 0);
    const after =
      `SELECT count(*) AS orders FROM orders WHERE ts_utc > '${later.toISOString()}'`;
    await eventually(
      "the store has orders of later than 7:15",
      async () =>
        Number((await stored(copy, after))?.["orders"] ?? 0) > 0 || live.over,
    );
    const response = await fetch(`http://127.0.0.1:${page}/`);
    assertEquals(response.status, 200, live.stderr);
    await response.body?.cancel();
    live.process.kill("SIGINT");
    assertEquals(await live.end(), 0, live.stderr);
    assertMatch(live.stdout, /^The cafe is open: http:\/\/localhost:\d+\n/);
    assertMatch(
      live.stdout,
      /\nThe cafe is closed\.\n$/,
    );
    assertEquals(await copy.engine.running(), []);
    assertEquals(await processes(copy), []);
    assertEquals(await Promise.all(ports.map(isPortFree)), [true, true, true]);
  },
);

localEngineTest(
  "live that was killed leaves only its engine; the next one uses that, counts each order once, and ends when its store does",
  async () => {
    await using copy = await CheckoutCopy.create();
    const { page, args, config } = makePorts();
    const timeZone = Temporal.Now.timeZoneId();
    const date = Temporal.Now.plainDateISO().subtract({ days: 1 });
    const yesterday = [...visitsOfDay({ seed: 1, date, timeZone })];
    const end = date.add({ days: 1 }).toZonedDateTime(timeZone);
    const ofYesterday =
      `SELECT count(*) AS orders, sum(amount_cents) AS cents FROM orders WHERE ts_utc < '${end.toInstant().toString()}'`;
    const expected = {
      orders: yesterday.length,
      cents: yesterday.reduce(
        (sum, { order }) => sum + Math.round(order.amount * 100),
        0,
      ),
    };
    const messages =
      "SELECT sum(next) AS count FROM positions WHERE topic = 'demo'";
    const filled = (factor: number) =>
      eventually("the store has read yesterday", async () => {
        const row = await stored(copy, messages);
        return Number(row?.["count"] ?? 0) >= factor * yesterday.length;
      });

    const killed = copy.start("live", args);
    await filled(1);
    killed.process.kill("SIGKILL");
    await killed.process.status;
    await eventually(
      "it has ended",
      async () => (await processes(copy)).length === 0,
    );
    assertEquals((await copy.engine.running()).length, 2);

    let before = NaN;
    await eventually("a look at the store", async () => {
      before = Number((await stored(copy, messages))?.["count"]);
      return !Number.isNaN(before);
    });
    const next = copy.start("live", [`--port=${page}`]);
    await filled(before / yesterday.length + 1);
    await eventually("the store has all orders of yesterday", async () => {
      const row = await stored(copy, ofYesterday);
      return Number(row?.["orders"]) >= expected.orders;
    });
    assertEquals(await stored(copy, ofYesterday), expected);
    // In one transaction: the store goes on with today.
    const sums = await stored(
      copy,
      "SELECT (SELECT sum(orders) FROM order_minutes) AS counted, (SELECT count(*) FROM orders) AS kept",
    );
    assertEquals(sums?.["counted"], sums?.["kept"]);
    await Deno.remove(`${copy.folder}/.data`, { recursive: true });
    await produce(orders, yesterday.slice(0, 1).map(({ order }) => order), {
      config,
    });
    assertEquals(await next.end(), 1, next.stderr);
    assertMatch(next.stderr, /run already, and will be left running/);
    assertMatch(
      next.stderr,
      /\nError: The database .* was removed while it was/,
    );
    assertEquals(await processes(copy), []);
    assertEquals((await copy.engine.running()).length, 2);
  },
);

localEngineTest(
  "live says which port is in use, and how to choose another",
  async () => {
    await using copy = await CheckoutCopy.create();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const live = copy.start("live", [`--port=${listener.addr.port}`]);
    assertEquals(await live.end(), 1);
    assertMatch(
      live.stderr,
      /Port \d+, which the page needs, is in use by process \d+ .*\n {2}Stop that program, or choose another port: --port \d+/,
    );
    assertEquals(await copy.engine.running(), []);
  },
);
