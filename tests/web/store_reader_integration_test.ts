/**
 * How the dashboard's server reads the store's database, of each kind.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { orders } from "../../lib/events/order.ts";
import { query } from "../../lib/store/database.ts";
import { orderStore } from "../../lib/store/orders.ts";
import { connectDatabase, openDatabase } from "../../lib/store/store.ts";
import { StoreReader } from "../../lib/web/store_reader.ts";
import { databaseTest, storeOf } from "../support/databases.ts";
import { makeOrder } from "../support/topics.ts";

databaseTest(
  "StoreReader refuses a database of a newer version, also one that becomes so, and can't write to any",
  async ({ settings }) => {
    {
      await using store = await storeOf(settings, orders, orderStore);
      await store.add(0, [makeOrder()]);
    }
    await using reader = new StoreReader(settings);
    assertEquals(JSON.parse(await reader.version()).length, 1);
    const insertVersion = () =>
      query("INSERT INTO migrations (number, made_at) VALUES (999, '')");
    const readOnly = await connectDatabase(settings, { readOnly: true });
    const refusal = await assertRejects(
      () => readOnly.transaction(insertVersion),
      PipelineError,
    );
    assertMatch(refusal.message, /read-?only/);
    await readOnly.close();
    const database = await openDatabase(settings, []);
    await database.transaction(insertVersion);
    await database.close();
    await using other = new StoreReader(settings);
    for (const each of [other, reader]) {
      await assertRejects(
        () => each.version(),
        PipelineError,
        "is of version 999, and this program knows 1",
      );
    }
  },
);
