/**
 * The day as the dashboard's server sends it, from real databases of each kind.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { loyaltyScans } from "../../lib/events/loyalty_scan.ts";
import { orders } from "../../lib/events/order.ts";
import { scanStore } from "../../lib/store/loyalty_scans.ts";
import { orderStore } from "../../lib/store/orders.ts";
import { TestDashboard } from "../support/dashboard.ts";
import { eventually } from "../support/eventually.ts";
import { databaseTest, storeOf } from "../support/databases.ts";
import { makeOrder } from "../support/topics.ts";

const CONFIG = {
  brokers: ["localhost:1"],
  registryUrl: "http://localhost:1",
};
/** kafkajs goes on for a moment with a broker that is away. */
const WITHOUT_KAFKA = { sanitizeOps: false, sanitizeResources: false };
/** The start of the viewer's day. */
const SINCE = Date.UTC(2026, 1, 3, 5);

const at = (minutes: number) =>
  new Date(SINCE + minutes * 60_000).toISOString();

databaseTest(
  "GET /api/live sends the day's numbers to the cent, and again when something is stored",
  async ({ settings }) => {
    await using server = new TestDashboard({
      config: CONFIG,
      database: settings,
    });
    await using page = await server.events(`/api/live?since=${SINCE}`);
    const away = await page.until("status", ({ store }) => !store.ok);
    assertEquals(away.store.advice.endsWith("Advice for store-missing."), true);
    await using store = await storeOf(settings, orders, orderStore);
    const amount = 0.1;
    const early = makeOrder({ ts_utc: at(-2), amount: 7, quantity: 1 });
    const first = makeOrder({
      ts_utc: at(0),
      amount,
      customer_name: "Bob",
      quantity: 3,
    });
    const second = makeOrder({
      ts_utc: at(1),
      amount: 0.2,
      drink_name: "Latte",
      is_member: true,
    });
    await store.add(0, [early, first]);
    await store.add(1, [second]);
    const day = await page.until("day", ({ latest }) => latest.length === 3);
    assertEquals(day.since, SINCE);
    assertEquals(day.newest, SINCE + 60_000);
    const minute = (
      minutes: number,
      [orders, cups, cents, memberOrders]: readonly number[],
    ) => ({
      at: SINCE + minutes * 60_000,
      orders,
      cups,
      cents,
      memberOrders,
    });
    assertEquals(day.minutes, [
      minute(-2, [1, 1, 700, 0]),
      minute(0, [1, 3, 10, 0]),
      minute(1, [1, 2, 20, 1]),
    ]);
    assertEquals(day.drinks, [
      { name: "Latte", orders: 1, cups: 2, cents: 20 },
      { name: "Cold Brew", orders: 1, cups: 3, cents: 10 },
    ]);
    assertEquals(day.guests, [
      { name: "Charlie Davis", orders: 2, cups: 3, cents: 720 },
      { name: "Bob", orders: 1, cups: 3, cents: 10 },
    ]);
    assertEquals(
      day.latest.map(({ at }: { at: number }) => at - SINCE),
      [60_000, 0, -120_000],
    );
    assertEquals(day.latest[0], {
      id: second.event_id,
      at: SINCE + 60_000,
      name: "Charlie Davis",
      drink: "Latte",
      quantity: 2,
      cents: 20,
      member: true,
    });
    assertEquals([day.cards, day.late], [[], 0]);

    await eventually(
      "the store is well",
      async () => (await server.get("/api/status")).body.store.ok,
    );

    // A late one, and the first event of another kind, whose tables were not there.
    await store.add(1, [makeOrder({ ts_utc: at(0), amount: 1 })]);
    const later = await page.until("day", ({ late }) => late === 1);
    assertEquals(later.minutes[1], minute(0, [2, 5, 110, 0]));
    await using scans = await storeOf(settings, loyaltyScans, scanStore);
    const scan = loyaltyScans.generate?.({ seed: 1 }).next().value;
    if (!scan) throw new Error("There is no scan");
    await scans.add(0, [{ ...scan, card_id: "c-1", points: 12 }]);
    const { cards } = await page.until("day", ({ cards }) => cards.length > 0);
    assertEquals(cards, [{ id: "c-1", scans: 1, points: 12 }]);
  },
  WITHOUT_KAFKA,
);

databaseTest(
  "GET /api/live leaves out of the day what is dated after its end, as by a wrong clock",
  async ({ settings }) => {
    await using store = await storeOf(settings, orders, orderStore);
    await store.add(0, [
      makeOrder({ ts_utc: at(25 * 60 - 1), amount: 1 }),
      makeOrder({ ts_utc: at(25 * 60), amount: 2 }),
      makeOrder({ ts_utc: "2099-01-01T00:00:00Z", amount: 4 }),
    ]);
    await using server = new TestDashboard({
      config: CONFIG,
      database: settings,
    });
    await using page = await server.events(`/api/live?since=${SINCE}`);
    const { minutes, drinks, latest } = await page.until("day");
    assertEquals(minutes.map(({ cents }: { cents: number }) => cents), [100]);
    assertEquals(drinks.map(({ cents }: { cents: number }) => cents), [100]);
    assertEquals(latest.map(({ cents }: { cents: number }) => cents), [
      200,
      100,
    ]);
  },
  WITHOUT_KAFKA,
);

databaseTest(
  "GET /api/live finds the newest of many orders, and shows at most 20",
  async ({ settings }) => {
    await using store = await storeOf(settings, orders, orderStore);
    for (let batch = 0; batch < 4; batch++) {
      const events = Array.from({ length: 1_000 }, (_, one) =>
        makeOrder({
          ts_utc: new Date(SINCE + batch * 1_000 + one).toISOString(),
          customer_name: `Guest ${one}`,
        }));
      await store.add(0, events);
    }
    await using server = new TestDashboard({
      config: CONFIG,
      database: settings,
    });
    await using page = await server.events(`/api/live?since=${SINCE}`);
    const { latest, guests } = await page.until("day");
    assertEquals(
      latest.map(({ at }: { at: number }) => at - SINCE),
      Array.from({ length: 20 }, (_, one) => 3_999 - one),
    );
    assertEquals(guests.length, 8);
  },
  WITHOUT_KAFKA,
);
