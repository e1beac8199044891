/**
 * What only PostgreSQL has: a server that is away or doesn't answer, logins, certificates and rights.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  HandlerStop,
  InvalidEventError,
  OutageError,
  PipelineError,
} from "../../lib/base/errors.ts";
import { throughOutages } from "../../lib/base/retry.ts";
import { insert, query } from "../../lib/store/database.ts";
import { migrate } from "../../lib/store/migrations.ts";
import { PostgresDatabase } from "../../lib/store/postgres.ts";
import { openDatabase } from "../../lib/store/store.ts";
import type { Table } from "../../lib/store/table.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { PATIENCE_MS, TEST_MS } from "../support/patience.ts";
import { PostgresServer, whyNoPostgres } from "../support/postgres_server.ts";

const NOTES: Table = {
  name: "notes",
  columns: [
    { name: "id", type: "integer" },
    { name: "text", type: "text" },
    { name: "rest", type: "json" },
  ],
  key: ["id"],
};

/** After how long a transaction is given up, in milliseconds. On a busy machine it is over before the server is asked: it is tried again. */
const LIMIT_MS = 2_000;

function serverTest(
  name: string,
  fn: (server: PostgresServer) => Promise<void>,
): void {
  Deno.test({
    name: whyNoPostgres ? `${name} (${whyNoPostgres})` : name,
    ignore: whyNoPostgres !== undefined,
    async fn() {
      await using server = await PostgresServer.launch();
      await fn(server);
    },
  });
}

const add = (id: number, text = "") => () =>
  insert({ table: NOTES, rows: [[id, text, "{}"]], returning: "id" });

/** Waits until a transaction is refused for its own reason, and not because the machine held it up before. */
async function untilRefused(
  transact: () => Promise<unknown>,
  reason: string,
): Promise<void> {
  await eventually(reason, async () => {
    const { message } = await assertRejects(transact, OutageError);
    return message === reason;
  });
}

/** Waits until a database takes a transaction in time. */
async function untilWorking(database: PostgresDatabase): Promise<void> {
  await throughOutages(() => database.transaction(() => query("SELECT 1")), {
    timeoutMs: PATIENCE_MS,
  });
}

serverTest(
  "PostgresDatabase reports a server that is away as an outage, and goes on when it is back",
  async (server) => {
    const database = await openDatabase(server.settings(), [NOTES]);
    try {
      assertEquals(await database.transaction(add(1)), ["1"]);
      await server.crash();
      for (let id = 2; id < 4; id++) {
        await assertRejects(
          () => database.transaction(add(id)),
          OutageError,
          `The database '${database.name}' can't be reached: `,
        );
      }
      await assertRejects(
        () => openDatabase(server.settings(), [NOTES], { timeoutMs: 300 }),
        OutageError,
      );
      await server.start();
      assertEquals(await database.transaction(add(1)), []);
      assertEquals(await database.transaction(add(4)), ["4"]);
    } finally {
      await database.close();
    }
  },
);

serverTest(
  "PostgresDatabase takes a connection that ends at any step for an outage, and goes on with another one",
  async (server) => {
    await (await openDatabase(server.settings(), [NOTES])).close();
    for (let step = 1, isCut = true; isCut; step++) {
      await using proxy = new CuttingProxy(`127.0.0.1:${server.port}`, step);
      const port = Number(proxy.address.split(":")[1]);
      const database = new PostgresDatabase({ ...server.settings(), port });
      try {
        let lost = 0;
        for (let nth = 0; nth < 2 + lost; nth++) {
          await database.transaction(add(nth)).catch((error) => {
            assertInstanceOf(error, OutageError);
            lost++;
          });
        }
        isCut = proxy.cut;
        assert(lost <= 1, `${lost} lost at step ${step}`);
      } finally {
        await database.close();
      }
    }
  },
);

serverTest(
  "PostgresDatabase gives up a transaction that takes too long, and goes on with another connection",
  async (server) => {
    await (await openDatabase(server.settings(), [NOTES])).close();
    const database = new PostgresDatabase(server.settings(), {
      timeoutMs: LIMIT_MS,
    });
    try {
      // The connection that is given up stays busy for longer than the test has patience.
      await untilRefused(
        () => database.transaction(() => query("SELECT pg_sleep(600)")),
        `The database '${database.name}' does not answer`,
      );
      await untilWorking(database);
    } finally {
      await database.close();
    }
  },
);

serverTest(
  "PostgresDatabase waits less long for a lock than it waits for the server, which would give it the lock later",
  async (server) => {
    const other = await openDatabase(server.settings(), [NOTES]);
    const holder = new PostgresDatabase(server.settings(), {
      timeoutMs: TEST_MS,
    });
    const database = new PostgresDatabase(server.settings(), {
      timeoutMs: LIMIT_MS,
    });
    const locked = Promise.withResolvers<void>();
    let refused = false;
    try {
      const holding = holder.transaction(function* () {
        yield* query("LOCK TABLE notes");
        locked.resolve();
        while (!refused) yield* query("SELECT pg_sleep(0.05)");
      });
      await locked.promise;
      await untilRefused(
        () => database.transaction(add(1)),
        `The database '${database.name}' is busy: canceling statement due to lock timeout`,
      );
      refused = true;
      await holding;
      await untilWorking(database);
      assertEquals(await other.transaction(add(1)), ["1"]);
    } finally {
      refused = true;
      await database.close();
      await holder.close();
      await other.close();
    }
  },
);

serverTest(
  "PostgresDatabase says why a login or a statement is refused, and never the password",
  async (server) => {
    const wrong = server.settings("postgres", {
      DATABASE_PASSWORD: "not-the-password",
    });
    const error = await assertRejects(
      () => openDatabase(wrong, []),
      HandlerStop,
      'refuses: password authentication failed for user "cafe"',
    );
    assertEquals(Deno.inspect(error).includes("not-the-password"), false);
    await assertRejects(
      () => openDatabase(server.settings("nowhere"), []),
      HandlerStop,
      'refuses: database "nowhere" does not exist',
    );
    const database = await openDatabase(server.settings(), [NOTES]);
    try {
      await assertRejects(
        () => database.transaction(add(1, "a\0b")),
        InvalidEventError,
        "The database refuses a value: ",
      );
      await assertRejects(
        () => database.transaction(() => query("SELECT nothing")),
        HandlerStop,
        'refuses: column "nothing" does not exist',
      );
    } finally {
      await database.close();
    }
  },
);

serverTest(
  "PostgresDatabase checks the server's certificate and its name, and encrypts the connection",
  async (server) => {
    const url = (host: string, mode = "verify-full") =>
      `postgres://cafe@${host}:${server.port}/postgres?sslmode=${mode}`;
    const file = { DATABASE_SSL_CA_FILE: server.certificateFile };
    for (const mode of ["require", "verify-full"]) {
      const database = await openDatabase(
        server.settings("", { url: url("localhost", mode), ...file }),
        [],
      );
      try {
        const rows = await database.transaction(() =>
          query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        );
        assertEquals(rows[0]?.["ssl"], true);
      } finally {
        await database.close();
      }
    }
    await assertRejects(
      () => openDatabase(server.settings("", { url: url("localhost") }), []),
      PipelineError,
      "is not signed by a trusted authority",
    );
    await assertRejects(
      () =>
        openDatabase(
          server.settings("", { url: url("127.0.0.1"), ...file }),
          [],
        ),
      PipelineError,
      "is for another name",
    );
  },
);

serverTest(
  "a store needs no other rights than those that the README names",
  async (server) => {
    const name = await server.create();
    await server.run(`CREATE ROLE teller LOGIN PASSWORD 'of-the-teller';`);
    const owner = await openDatabase(server.settings(name), [NOTES]);
    await owner.close();
    await server.run(
      `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO teller`,
      name,
    );
    const teller = new PostgresDatabase(server.settings("", {
      url: `postgres://teller@127.0.0.1:${server.port}/${name}`,
      DATABASE_PASSWORD: "of-the-teller",
    }));
    try {
      await teller.transaction(() => migrate(teller, [NOTES]));
      assertEquals(await teller.transaction(add(1)), ["1"]);
      await assertRejects(
        () =>
          teller.transaction(() =>
            migrate(teller, [{ ...NOTES, name: "more_notes" }])
          ),
        HandlerStop,
        "refuses: permission denied for schema public",
      );
    } finally {
      await teller.close();
    }
  },
);
