/**
 * The live stream without Kafka: what ten pages cost, and pages that don't read.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { DaySnapshot } from "../../lib/web/api.ts";
import { eventBytes, eventStream, Outbox } from "../../lib/web/events.ts";
import { type DaySource, type LiveFeed, liveFeed } from "../../lib/web/live.ts";
import { createPipeline } from "../../lib/web/pipeline.ts";
import { pause } from "../../lib/base/pause.ts";
import { EventReader } from "../support/dashboard.ts";
import { eventually } from "../support/eventually.ts";
import { permittedTest } from "../support/permissions.ts";
import { inTimeOnce } from "../support/in_time.ts";

/** A store in memory that counts what it is asked. */
class CountedStore implements DaySource {
  current = "0";
  versions = 0;
  days = 0;
  /** When it was last asked for a day, in milliseconds since the epoch. */
  askedAt = 0;
  version = () => {
    this.versions++;
    return Promise.resolve(this.current);
  };
  day = (since: number) => {
    this.days++;
    this.askedAt = Date.now();
    return Promise.resolve({ since, late: this.days } as DaySnapshot);
  };
}

async function withFeed(
  fn: (feed: LiveFeed, store: CountedStore) => Promise<void>,
): Promise<void> {
  const pipeline = createPipeline({
    config: { brokers: ["localhost:1"], registryUrl: "http://localhost:1" },
    database: { path: "" },
    topic: "demo",
  });
  const store = new CountedStore();
  const ok = { ok: true } as const;
  const status = {
    kafka: ok,
    registry: ok,
    store: ok,
    topic: "demo",
    behind: 0,
  };
  const feed = liveFeed(pipeline, {
    store,
    health: () => Promise.resolve({ ...status, readOnly: false }),
  });
  try {
    await fn(feed, store);
  } finally {
    await pipeline.close();
  }
}

async function leftAlone(store: CountedStore): Promise<void> {
  let asked = -1;
  await eventually("the store is left alone", () => {
    const isQuiet = asked === store.versions;
    asked = store.versions;
    return isQuiet;
  }, { intervalMs: 500 });
}

const open = (feed: LiveFeed, since: number) =>
  new EventReader(feed.open(since), new AbortController());

Deno.test(
  "LiveFeed asks the store as often for ten pages as for one, and not at all for none",
  () =>
    withFeed(async (feed, store) => {
      const pages = Array.from({ length: 10 }, () => open(feed, 1_000));
      const other = open(feed, 2_000);
      for (const page of pages) {
        assertEquals((await page.until("day")).since, 1_000);
      }
      assertEquals((await other.until("day")).since, 2_000);
      // The pages may have come before and after a look at the store.
      const first = store.days;
      assert(first <= 4, `${first} days`);
      store.current = "1";
      for (const page of [...pages, other]) await page.until("day");
      assertEquals(store.days, first + 2);
      for (const page of [...pages, other]) await page[Symbol.asyncDispose]();
      await leftAlone(store);
    }),
);

Deno.test(
  "LiveFeed sends the day to a page that opens a moment after the last one has closed",
  () =>
    withFeed(async (feed, store) => {
      const first = open(feed, 0);
      await first.until("day");
      await first[Symbol.asyncDispose]();
      // The pipeline's health is looked at more rarely, so that look's pause goes on.
      await leftAlone(store);
      await using second = open(feed, 0);
      await second.until("day");
    }),
);

Deno.test(
  "LiveFeed sends a change within a second, and at most once in 0.7 seconds",
  () =>
    withFeed(async (feed, store) => {
      await using page = open(feed, 0);
      await page.until("day");
      let version = 0;
      for (let change = 0; change < 3; change++) {
        await inTimeOnce(1_500, async () => {
          const before = store.askedAt;
          const changedAt = performance.now();
          store.current = String(++version);
          await page.until("day");
          const gapMs = store.askedAt - before;
          assert(gapMs >= 700, `${gapMs} ms after the one before`);
          return performance.now() - changedAt;
        });
      }
    }),
);

Deno.test("Outbox keeps the newest event of each name, for a page that does not read", async () => {
  const outbox = new Outbox();
  let made = 0;
  for (let count = 0; count < 1_000; count++) {
    outbox.put("day", () => {
      made++;
      return eventBytes("day", count);
    });
  }
  outbox.put("status", () => eventBytes("status", "ok"));
  const text = async () => new TextDecoder().decode(await outbox.take());
  assertEquals(await text(), "event: day\ndata: 999\n\n");
  assertEquals(await text(), 'event: status\ndata: "ok"\n\n');
  assertEquals(made, 1);
  const later = text();
  outbox.put("day", () => eventBytes("day", 1_000));
  assertEquals(await later, "event: day\ndata: 1000\n\n");
});

permittedTest(
  "eventStream() makes no more than a page takes that never reads, and has the newest for it when it does",
  [{ name: "net", host: "127.0.0.1" }],
  async () => {
    const outbox = new Outbox();
    const stop = new AbortController();
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => eventStream(outbox, { signal: stop.signal, closed() {} }),
    );
    const { hostname, port } = server.addr;
    using page = await Deno.connect({ hostname, port });
    await page.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
    const count = 200;
    const filling = "x".repeat(2 ** 20);
    let made = 0;
    for (let at = 1; at <= count; at++) {
      outbox.put("day", () => {
        made++;
        return eventBytes("day", { at, filling });
      });
      await pause(5);
    }
    assert(made < count / 4, `${made} MiB`);
    outbox.end();
    const text = await new Response(page.readable).text();
    assert(text.lastIndexOf(`{"at":${count},`) > 0);
    assert(text.length < (made + 1) * (filling.length + 1_000));
    stop.abort();
  },
);

Deno.test("eventStream() ends when the page closes it, or the server stops", async () => {
  let closed = 0;
  const stop = new AbortController();
  const make = () =>
    eventStream(new Outbox(), { signal: stop.signal, closed: () => closed++ });
  await make().body?.cancel();
  assertEquals(closed, 1);
  const reading = make().text();
  stop.abort();
  assertEquals(await reading, "");
  assertEquals(closed, 2);
  assertEquals(await make().text(), "");
  assertEquals(closed, 3);
});

Deno.test("eventBytes() writes text with line breaks as one line of JSON", () => {
  const [, data, ...rest] = new TextDecoder()
    .decode(eventBytes("day", { name: "a\n\ndata: b\r</script>\u2028" }))
    .split(/\n/);
  assertEquals(
    JSON.parse(data?.slice(6) ?? "").name,
    "a\n\ndata: b\r</script>\u2028",
  );
  assertEquals(rest, ["", ""]);
});
