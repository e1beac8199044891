/**
 * What only SQLite has: a file that may be full, locked, removed, or not a database.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { HandlerStop, OutageError } from "../../lib/base/errors.ts";
import { insert, query } from "../../lib/store/database.ts";
import { SqliteDatabase } from "../../lib/store/sqlite.ts";
import { createSql, type Table } from "../../lib/store/table.ts";
import { permittedTest } from "../support/permissions.ts";

const NOTES: Table = {
  name: "notes",
  columns: [{ name: "id", type: "integer" }, { name: "text", type: "text" }],
  key: ["id"],
};

const add = (id: number, text = "") => () =>
  insert({ table: NOTES, rows: [[id, text]], returning: "id" });

function fileTest(
  name: string,
  fn: (path: string, database: SqliteDatabase) => Promise<void>,
): void {
  const needs = [{ name: "read" }, { name: "write", path: "/tmp" }] as const;
  permittedTest(name, needs, async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/notes.db`;
    const database = new SqliteDatabase(path);
    try {
      await database.transaction(() => query(createSql(NOTES, database.types)));
      await fn(path, database);
    } finally {
      await database.close();
      await Deno.remove(folder, { recursive: true });
    }
  });
}

fileTest(
  "SqliteDatabase ends with the reason where the disk is full, and keeps what was committed",
  async (path, database) => {
    await database.transaction(add(1));
    await database.transaction(() => query("PRAGMA max_page_count = 10"));
    await assertRejects(
      () => database.transaction(add(2, "x".repeat(100_000))),
      HandlerStop,
      `The database '${path}' refuses: database or disk is full`,
    );
    assertEquals(
      (await database.transaction(() => query("SELECT id FROM notes"))).length,
      1,
    );
  },
);

fileTest(
  "SqliteDatabase ends with the reason where its file was removed or replaced",
  async (path, database) => {
    await Deno.rename(path, `${path}.old`);
    const removed = `The database '${path}' was removed while it was in use`;
    await assertRejects(
      () => database.transaction(add(1)),
      HandlerStop,
      removed,
    );
    await Deno.copyFile(`${path}.old`, path);
    await assertRejects(
      () => database.transaction(add(1)),
      HandlerStop,
      removed,
    );
  },
);

fileTest(
  "SqliteDatabase reports a locked file as an outage, and lets others read while it writes",
  async (path, database) => {
    const other = new SqliteDatabase(path);
    try {
      const running = database.transaction(function* () {
        yield* add(1)();
        return readIds(path);
      });
      assertEquals(await running, []);
      const held = Promise.withResolvers<unknown>();
      await other.transaction(function* () {
        yield* add(2)();
        held.resolve(
          assertRejects(
            () => database.transaction(add(3)),
            OutageError,
            `The database '${path}' is in use by another program`,
          ),
        );
      });
      await held.promise;
      assertEquals(readIds(path), [1, 2]);
    } finally {
      await other.close();
    }
  },
);

fileTest(
  "SqliteDatabase refuses a file that is not a database",
  async (path) => {
    const text = `${path}.txt`;
    await Deno.writeTextFile(text, "This is a text. ".repeat(100));
    assertThrows(
      () => new SqliteDatabase(text),
      HandlerStop,
      `The database '${text}' refuses: file is not a database`,
    );
  },
);

/** Reads as another program does that may only read. */
function readIds(path: string): unknown[] {
  using reader = new DatabaseSync(path, { readOnly: true });
  return reader.prepare("SELECT id FROM notes ORDER BY id").all()
    .map(({ id }) => id);
}
