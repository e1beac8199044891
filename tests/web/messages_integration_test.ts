/**
 * Topics and messages as the dashboard's server answers them, on a real Kafka and a real registry.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { MessageAnswer } from "../../lib/web/api.ts";
import { createPipeline } from "../../lib/web/pipeline.ts";
import { downloadAnswer } from "../../lib/web/streams.ts";
import { TestDashboard } from "../support/dashboard.ts";
import { eventually } from "../support/eventually.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { withAdmin } from "../support/kafkajs.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { craftBatch, produceRaw } from "../support/raw_kafka.ts";
import { SilentListener } from "../support/silent_listener.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";

const placesOf = (messages: readonly MessageAnswer[]) =>
  messages.map(({ partition, offset }) => `${partition}/${offset}`);

/** Puts orders into the topic's partitions in turn, a millisecond apart, from the time 1,000,000,000,000 on. */
async function sendOrders(
  bench: Bench,
  count: number,
  partitions = 3,
): Promise<void> {
  const orders = Array.from({ length: count }, (_, at) =>
    makeOrder({
      customer_name: `Guest ${at}`,
      quantity: 1 + at % 4,
    }));
  const values = await encodeOrders(bench, orders);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value, at) => ({
      partition: at % partitions,
      key: `guest_${at}`,
      value,
      timestamp: String(1_000_000_000_000 + at),
    })),
  );
}

integrationTest(
  "GET /api/topics lists topics with their messages and sizes, and says whose dead letters they hold",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    await makeTopic({ ...bench, topic: `${topic}.dlq` }, 1);
    await sendOrders(bench, 4);
    await using server = new TestDashboard({ config });
    const { status, headers, body } = await server.get("/api/topics");
    assertEquals(status, 200);
    assertEquals(headers.get("content-type"), "application/json");
    const own = body.filter(({ name }: { name: string }) =>
      name.startsWith(topic)
    );
    assert(own[0].bytes > 400);
    assertEquals(own, [
      {
        name: topic,
        partitions: 3,
        messages: 4,
        bytes: own[0].bytes,
        deadLettersOf: null,
      },
      {
        name: `${topic}.dlq`,
        partitions: 1,
        messages: 0,
        bytes: 0,
        deadLettersOf: topic,
      },
    ]);
    assertEquals(
      body.filter(({ name }: { name: string }) => name.startsWith("__")),
      [],
    );
  },
);

integrationTest(
  "GET /api/topics and /api/dead-letters answer while topics are made and deleted",
  async (bench) => {
    const { config, topic } = bench;
    const over = new AbortController();
    let [made, asked] = [0, 0];
    const change = async () => {
      while (!over.signal.aborted) {
        const name = `${topic}-${made++}`;
        await makeTopic({ ...bench, topic: name }, 10);
        await makeTopic({ ...bench, topic: `${name}.dlq` }, 1);
        await withAdmin(
          config,
          {},
          (admin) =>
            admin.deleteTopics({
              topics: [name, `${name}.dlq`],
              timeout: PATIENCE_MS,
            }),
        );
        // The server tries again for two seconds, in which a busy machine answers less often than it changes topics.
        const before = asked;
        await eventually(
          "an answer",
          () => asked > before || over.signal.aborted,
        );
      }
    };
    const ask = async () => {
      while (made < 12 || asked < 12) {
        // Each keeps its answers for a second.
        await using dashboard = new TestDashboard({ config });
        for (const path of ["/api/topics", "/api/dead-letters"]) {
          const { status, body } = await dashboard.get(path);
          assertEquals(status, 200, JSON.stringify(body));
          asked++;
        }
      }
    };
    const changes = Promise.all([change(), change()]);
    try {
      await Promise.race([ask(), changes]);
    } finally {
      over.abort();
      await changes;
    }
  },
);

integrationTest(
  "GET /api/topics/T describes partitions and settings, and says so when there is no such topic",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2, { "max.message.bytes": "123456" });
    await sendOrders(bench, 3, 2);
    await using server = new TestDashboard({ config });
    const { body } = await server.get(`/api/topics/${topic}`);
    const [first] = body.partitions;
    const { leader, bytes } = first;
    assertEquals(body.partitions.length, 2);
    assertEquals(first, {
      partition: 0,
      first: "0",
      next: "2",
      messages: 2,
      bytes,
      leader,
      replicas: [leader],
      inSync: [leader],
    });
    const settings = new Map(
      body.settings.map((
        { name, value, isDefault }: Record<string, unknown>,
      ) => [name, [value, isDefault]]),
    );
    assertEquals(settings.get("max.message.bytes"), ["123456", false]);
    assertEquals(settings.get("cleanup.policy"), ["delete", true]);
    for (const end of ["", "/messages", "/download"]) {
      const missing = await server.get(`/api/topics/${topic}x${end}`);
      assertEquals([missing.status, missing.body], [404, {
        error: `Topic '${topic}x' does not exist`,
        advice: `Did you mean '${topic}'? Advice for topic-missing.`,
      }]);
    }
  },
);

integrationTest(
  "GET …/messages pages back from the newest and on from the oldest, and leaves nothing out",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    await sendOrders(bench, 130);
    await using server = new TestDashboard({ config });
    for (const from of ["newest", "earliest"]) {
      const seen: MessageAnswer[] = [];
      let cursor = "";
      for (let pages = 1;; pages++) {
        const { body } = await server.get(
          `/api/topics/${topic}/messages?from=${from}&limit=40&cursor=${cursor}`,
        );
        seen.push(...body.messages);
        assertEquals(body.hasMore, pages < 4);
        assertEquals(body.ends, "0-44.1-43.2-43");
        if (!body.hasMore) break;
        cursor = body.next;
      }
      const times = seen.map(({ at }) => (at ?? 0) - 1_000_000_000_000);
      const expected = Array.from({ length: 130 }, (_, at) => at);
      assertEquals(times, from === "newest" ? expected.reverse() : expected);
    }
  },
);

integrationTest(
  "GET …/messages filters by partition, key, field, offset and time",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    await sendOrders(bench, 24);
    await using server = new TestDashboard({ config });
    const find = async (query: string) => {
      const { body } = await server.get(
        `/api/topics/${topic}/messages?${query}`,
      );
      return placesOf(body.messages);
    };
    assertEquals(await find("partition=1&limit=2"), ["1/7", "1/6"]);
    assertEquals(await find("key=guest_4"), ["1/1"]);
    assertEquals(await find("where=quantity%3D4&partition=0"), [
      "0/5",
      "0/1",
    ]);
    assertEquals(
      await find("where=quantity%3D4&where=customer_name%3DGuest%2015"),
      ["0/5"],
    );
    assertEquals(await find("from=6&partition=2"), ["2/6", "2/7"]);
    const time = new Date(1_000_000_000_022).toISOString();
    assertEquals(await find(`from=${time}`), ["1/7", "2/7"]);
    assertEquals(await find("from=-1"), ["0/7", "1/7", "2/7"]);
    assertEquals(await find("where=drink_name%3DTea"), []);
  },
);

integrationTest(
  "GET …/messages shows keys, headers, values and their schema; what can't be read with the reason",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const script = "</script><script>alert(1)</script>";
    const order = makeOrder({ customer_name: script });
    const [value] = await encodeOrders(bench, [order]);
    await sendRaw(config, topic, [
      { key: Buffer.from([0xff, 1]), value: value as Buffer },
      { key: null, value: null, headers: { h: Buffer.from([0xff]), i: "é" } },
      { key: "", value: Buffer.from("not an event") },
    ]);
    await produceRaw(
      config,
      { topic },
      craftBatch({ records: [{ value: "lies", offsetDelta: 5 }] }),
    );
    await using server = new TestDashboard({ config });
    const response = await fetch(
      `${server.url}/api/topics/${topic}/messages?from=earliest`,
    );
    assertEquals(response.headers.get("content-type"), "application/json");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const { messages } = await response.json();
    const [bad, tombstone, text, damaged] = messages;
    assertEquals(messages.length, 4);
    assertStringIncludes(damaged.value.problem, "offset delta 5");
    assertEquals(bad.key, "0xff01");
    assertEquals(bad.value.event, order);
    assertEquals(bad.value.schema.subject, `${topic}-value`);
    assertEquals(bad.value.schema.version, 1);
    assertEquals(Buffer.from(bad.bytes, "base64"), value);
    assertEquals(bad.size, value?.length);
    assertEquals(tombstone.value, null);
    assertEquals(tombstone.bytes, null);
    assertEquals(tombstone.key, null);
    assertEquals(tombstone.headers, [["h", "0xff"], ["i", "é"]]);
    assertEquals(text.key, "");
    assertEquals(text.value, {
      problem: "The magic byte is 0x6e and not 0x00",
    });
  },
);

integrationTest(
  "GET …/messages keeps an answer of large messages small, and continues where it ended",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    const large = Buffer.alloc(900_000, "x");
    for (let at = 0; at < 12; at++) {
      await sendRaw(config, topic, [{ partition: at % 2, value: large }]);
    }
    await using server = new TestDashboard({ config });
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 1;; pages++) {
      const { body } = await server.get(
        `/api/topics/${topic}/messages?limit=1000&cursor=${cursor}`,
      );
      assertEquals(body.messages.length, 4);
      assertEquals(body.messages[0].size, 900_000);
      assertEquals(
        Buffer.from(body.messages[0].bytes, "base64").length,
        65_536,
      );
      seen.push(...placesOf(body.messages));
      if (!body.hasMore) break;
      cursor = body.next;
    }
    assertEquals(seen.sort(), [
      ...Array.from({ length: 6 }, (_, at) => `0/${at}`),
      ...Array.from({ length: 6 }, (_, at) => `1/${at}`),
    ]);
  },
);

integrationTest(
  "the server refuses parameters that are out of range, with the reason",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await using server = new TestDashboard({ config });
    const wrong: Record<string, string> = {
      "limit=0": 'limit is a whole number from 1 to 1000: "0"',
      "limit=1001": 'limit is a whole number from 1 to 1000: "1001"',
      "partition=-1": 'partition is a whole number from 0 to 2147483647: "-1"',
      "from=soon":
        'from is newest, earliest, an offset or a time in ISO 8601: "soon"',
      "where=quantity": 'where is FIELD=VALUE: "quantity"',
      "cursor=1": "cursor is not one of this server's",
    };
    for (const [query, error] of Object.entries(wrong)) {
      const { status, body } = await server.get(
        `/api/topics/${topic}/messages?${query}`,
      );
      assertEquals([status, body], [400, { error }], query);
    }
    const { status, body } = await server.get(
      `/api/topics/${topic}/messages?partition=7`,
    );
    assertEquals([status, body.error], [
      409,
      `Topic '${topic}' has no partition 7: it has 1`,
    ]);
    assertEquals((await server.get("/api/topics/a%20b/messages")).status, 400);
    assertEquals((await server.get("/api/topics/%ff")).status, 400);
    assertEquals((await server.get("/api/live")).status, 400);
    assertEquals((await server.get("/api/live?since=x")).status, 400);
    assertEquals((await server.get("/api/nothing")).status, 404);
    assertEquals((await server.get("/page/..%2findex.html")).status, 404);
  },
);

integrationTest(
  "GET …/download sends all that match as lines of JSON, or as a table without formulas",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendOrders(bench, 2_500, 1);
    const [value] = await encodeOrders(bench, [
      makeOrder({ customer_name: '=HYPERLINK("http://x","y")' }),
    ]);
    await sendRaw(config, topic, [
      { key: "+1", value: value as Buffer },
      { key: null, value: "no event" },
    ]);
    await using server = new TestDashboard({ config });
    const load = async (query: string) => {
      const response = await fetch(
        `${server.url}/api/topics/${topic}/download?${query}`,
      );
      return { response, text: await response.text() };
    };
    const lines = await load("");
    assertEquals(
      lines.response.headers.get("content-disposition"),
      `attachment; filename="${topic}.ndjson"`,
    );
    const records = lines.text.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(records.length, 2_502);
    assertEquals(records[7].event.customer_name, "Guest 7");
    assertStringIncludes(records[2_501].problem, "magic byte");
    const some = await load("where=customer_name%3DGuest%2042");
    assertEquals(some.text.trimEnd().split("\n").length, 1);
    const { text } = await load("format=csv&from=2500");
    const [head, formula, problem] = text.split("\r\n");
    assertEquals(
      head,
      "partition,offset,timestamp,key,event_id,customer_name,drink_name,quantity,amount,is_member,ts_utc,other fields,problem",
    );
    assertMatch(
      formula ?? "",
      /^0,2500,[^,]+Z,'\+1,[^,]+,"'=HYPERLINK\(""http:\/\/x"",""y""\)",Cold Brew,2,10\.5,false,/,
    );
    assertMatch(problem ?? "", /^0,2501,[^,]+Z,,,,,,,,,,The magic byte/);
    assertEquals((await load("format=xml")).response.status, 400);
  },
);

integrationTest(
  "downloadAnswer() reads no further for a file that nobody waits for, also where nothing matches",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendOrders(bench, 2_500, 1);
    const pipeline = createPipeline({
      config,
      topic,
      database: { path: "/nowhere/cafe.db" },
    });
    const { decoder } = pipeline;
    const peeked = decoder.peeked.bind(decoder);
    let count = 0;
    decoder.peeked = (...args) => {
      count++;
      return peeked(...args);
    };
    const parameters = new URLSearchParams({ where: "customer_name=Nobody" });
    const answer = await downloadAnswer(pipeline, topic, parameters);
    const reader = answer.body?.getReader();
    const read = reader?.read();
    await reader?.cancel();
    assertEquals((await read)?.done, true);
    assert(count < 100, String(count));
    await pipeline.close();
  },
);

integrationTest(
  "the server stops while a request doesn't end",
  async ({ config }) => {
    const server = new TestDashboard({ config });
    const { host, port, origin } = new URL(server.url);
    using connection = await Deno.connect({ port: Number(port) });
    const head = [
      "POST /api/groups/cafe/reset HTTP/1.1",
      `host: ${host}`,
      `origin: ${origin}`,
      "content-type: application/json",
      "content-length: 100",
      "expect: 100-continue",
    ];
    await connection.write(
      new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n`),
    );
    // The body is waited for.
    const bytes = new Uint8Array(100);
    const length = await connection.read(bytes) ?? 0;
    assertStringIncludes(
      new TextDecoder().decode(bytes.subarray(0, length)),
      "100 Continue",
    );
    await server[Symbol.asyncDispose]();
    assertEquals(await connection.read(bytes), null);
  },
);

integrationTest(
  "GET …/follow sends messages as they come, from where a page ended",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 2);
    await sendOrders(bench, 4, 2);
    await using server = new TestDashboard({ config });
    const { body } = await server.get(`/api/topics/${topic}/messages?limit=1`);
    // These come between the page and its following.
    await sendOrders(bench, 2, 2);
    await using all = await server.events(
      `/api/topics/${topic}/follow?cursor=${body.ends}`,
    );
    await using one = await server.events(
      `/api/topics/${topic}/follow?cursor=${body.ends}&key=guest_1`,
    );
    const seen: string[] = [];
    while (seen.length < 2) seen.push(...placesOf(await all.until("messages")));
    assertEquals(seen.sort(), ["0/2", "1/2"]);
    assertEquals(placesOf(await one.until("messages")), ["1/2"]);
    await sendOrders(bench, 1, 2);
    assertEquals(placesOf(await all.until("messages")), ["0/3"]);
    await using none = await server.events(`/api/topics/${topic}x/follow`);
    assertEquals(await none.until("failure"), {
      error: `Topic '${topic}x' does not exist`,
      advice: `Did you mean '${topic}'? Advice for topic-missing.`,
    });
    assertEquals(await none.next(), undefined);
  },
);

integrationTest(
  "GET …/messages shows bytes and the reason when the registry is away, and its health says so",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await sendOrders(bench, 1, 1);
    await using server = new TestDashboard({
      config: { ...config, registryUrl: "http://localhost:1" },
    });
    const { status, body } = await server.get(`/api/topics/${topic}/messages`);
    assertEquals(status, 200);
    assertMatch(body.messages[0].value.problem, /can't be reached/);
    assertEquals(body.messages[0].size > 100, true);
    const away = {
      error: "The Schema Registry can't be reached at http://localhost:1",
      advice: "Advice for registry-unreachable.",
    };
    const { kafka, registry } = await server.statusOnce("kafka");
    assertEquals(kafka, { ok: true });
    assertEquals(registry, { ok: false, ...away });
    const schemas = await server.get("/api/schemas");
    assertEquals([schemas.status, schemas.body], [502, away]);
  },
);

integrationTest(
  "the server says within seconds that Kafka is away, or hangs, and the page still loads",
  async ({ config }) => {
    using silent = new SilentListener();
    for (const broker of ["localhost:1", silent.address]) {
      await using server = new TestDashboard({
        config: { ...config, brokers: [broker] },
      });
      const startMs = Date.now();
      const paths = ["topics", "topics/demo/messages", "groups"];
      await Promise.all(paths.map(async (path) => {
        const { status, body } = await server.get(`/api/${path}`);
        assertEquals(status, 503, path);
        assertEquals(
          body.advice.endsWith("Advice for kafka-unreachable."),
          true,
        );
      }));
      const { kafka, registry } = await server.statusOnce("registry");
      assertEquals(kafka.ok, false);
      assertEquals(registry, { ok: true });
      assert(Date.now() - startMs < 60_000);
      const page = await fetch(server.url);
      assertEquals(page.status, 200);
      await page.text();
    }
  },
  // kafkajs goes on for a while with a broker that hangs.
  { sanitizeOps: false, sanitizeResources: false },
);
