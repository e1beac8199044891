/**
 * Groups, schemas and dead letters as the dashboard's server answers them, and what it does: on a real Kafka and a real registry.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { consume } from "../../lib/mod.ts";
import type { EventType } from "../../lib/events/event_type.ts";
import { orders } from "../../lib/events/order.ts";
import { SchemaCatalog } from "../../lib/operate/schemas.ts";
import { TestDashboard } from "../support/dashboard.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  sendRaw,
} from "../support/topics.ts";

const BAD = "The magic byte is 0x7b and not 0x00";

/** Consumes what is there, so that the group has offsets, and bad messages are set aside. */
async function consumeAll({ config, topic, group }: Bench): Promise<void> {
  await consume(orders, () => {}, { config, topic, group, idleExitMs: 1_000 });
}

/** Puts three orders into partition 0, and as many messages into partition 1 that can't be read. */
async function sendSome(bench: Bench): Promise<void> {
  const values = await encodeOrders(bench, [
    makeOrder(),
    makeOrder(),
    makeOrder(),
  ]);
  await sendRaw(bench.config, bench.topic, [
    ...values.map((value) => ({ partition: 0, value })),
    ...["a", "b", "c"].map((key) => ({ partition: 1, key, value: "{broken" })),
  ]);
}

integrationTest(
  "GET /api/groups tells of the lag and its course, and a reset is a plan until it is executed",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 2);
    await sendSome(bench);
    await consumeAll(bench);
    await sendSome(bench);
    await using server = new TestDashboard({ config });
    const list = await server.get("/api/groups");
    const own = list.body.find(({ name }: { name: string }) => name === group);
    const [[at, lag]] = own.course;
    assert(Math.abs(Date.now() - at) < PATIENCE_MS);
    assertEquals(lag, 6);
    assertEquals(own, {
      name: group,
      state: "Empty",
      members: 0,
      lag: 6,
      topics: [topic],
      course: [[at, 6]],
    });
    const path = `/api/groups/${group}`;
    const shown = await server.get(path);
    assertEquals(shown.body, {
      name: group,
      state: "Empty",
      members: [],
      partitions: [0, 1].map((partition) => ({
        topic,
        partition,
        committed: "3",
        next: "6",
        lag: 3,
        member: null,
      })),
      course: [[at, 6]],
    });
    const missing = await server.get(`${path}x`);
    assertEquals([missing.status, missing.body.error], [
      404,
      `There is no consumer group '${group}x'`,
    ]);
    const request = { topic, partition: 1, to: "earliest", execute: false };
    const plan = [{ partition: 1, from: "3", to: "0" }];
    const planned = await server.post(`${path}/reset`, request);
    assertEquals(planned.body, { plan, done: false });
    assertEquals(await committedOffsets(bench), { 0: 3, 1: 3 });
    const done = await server.post(`${path}/reset`, {
      ...request,
      execute: true,
    });
    assertEquals(done.body, { plan, done: true });
    assertEquals(await committedOffsets(bench), { 0: 3, 1: 0 });
  },
);

integrationTest(
  "GET /api/groups/G names the members with their partitions, and a reset is refused while there are some",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 2);
    await sendSome(bench);
    await using server = new TestDashboard({ config });
    const stop = new AbortController();
    const read = Promise.withResolvers<void>();
    const consuming = consume(orders, () => read.resolve(), {
      config,
      topic,
      group,
      signal: stop.signal,
    });
    try {
      await read.promise;
      const { body } = await server.get(`/api/groups/${group}`);
      const [member] = body.members;
      assertEquals(body.state, "Stable");
      assertEquals(member.partitions.sort(), [`${topic}/0`, `${topic}/1`]);
      assertEquals(body.partitions[0].member, member.id);
      const refused = await server.post(`/api/groups/${group}/reset`, {
        topic,
        to: "latest",
        execute: true,
      });
      assertEquals(refused.status, 409);
      assertMatch(refused.body.error, /^The group '.*' is active: /);
      assertMatch(refused.body.advice, /^Stop its members first/);
    } finally {
      stop.abort();
      await consuming;
    }
  },
);

integrationTest(
  "GET /api/schemas lists subjects and their versions' texts",
  async (bench) => {
    const { config, topic } = bench;
    const subject = `${topic}-value`;
    const catalog = await SchemaCatalog.connect(config);
    await catalog.register(
      subject,
      '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}',
    );
    await catalog.setLevel("FULL", subject);
    await catalog.register(
      subject,
      '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","title":"two"}',
    );
    await using server = new TestDashboard({ config });
    const { body } = await server.get("/api/schemas");
    assertEquals(
      body.filter((one: { subject: string }) => one.subject === subject),
      [{ subject, latest: 2, versions: 2, level: "FULL" }],
    );
    const shown = await server.get(`/api/schemas/${subject}`);
    assertEquals(shown.body.level, "FULL");
    assertEquals(
      shown.body.versions.map((
        { version, text }: { version: number; text: string },
      ) => [version, text]),
      [
        [
          1,
          '{\n  "$schema": "http://json-schema.org/draft-07/schema#",\n  "type": "object"\n}',
        ],
        [
          2,
          '{\n  "$schema": "http://json-schema.org/draft-07/schema#",\n  "type": "object",\n  "title": "two"\n}',
        ],
      ],
    );
    const missing = await server.get(`/api/schemas/a%2F${subject}`);
    assertEquals([missing.status, missing.body], [404, {
      error: `The registry has no schema of the subject "a/${subject}"`,
    }]);
  },
);

integrationTest(
  "dead letters are listed by reason, sent back once, and mended only by what is an event",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 2);
    await sendSome(bench);
    await consumeAll(bench);
    await using server = new TestDashboard({
      config,
      eventOf: () => orders as EventType<unknown>,
    });
    const path = `/api/dead-letters/${topic}`;
    const ofTopic = async () => {
      const { body } = await server.get("/api/dead-letters");
      return body.find((one: { topic: string }) => one.topic === topic);
    };
    assertEquals(await ofTopic(), {
      topic,
      letters: 3,
      reasons: [{ reason: BAD, count: 3 }],
    });
    const list = await server.get(`${path}?reason=MAGIC&limit=2`);
    assertEquals(list.body.hasMore, true);
    const [letter] = list.body.letters;
    assertEquals(
      list.body.letters.map(({ place }: { place: string }) => place),
      [`${topic}/1/2`, `${topic}/1/1`],
    );
    const { reason, group: by, attempts, replayable, message } = letter;
    assertEquals({ reason, by, attempts, replayable }, {
      reason: BAD,
      by: group,
      attempts: 1,
      replayable: true,
    });
    assertEquals(message.key, "c");
    assertEquals(message.value, { problem: BAD });
    assertEquals(message.letter.place, `${topic}/1/2`);
    const none = await server.get(`${path}?reason=else`);
    assertEquals(none.body, { letters: [], hasMore: false });

    const places = [`${topic}/1/0`];
    const counted = await server.post(`${path}/replay`, {
      places,
      execute: false,
    });
    const counts = { matching: 1, skipped: 0 };
    assertEquals(counted.body, { ...counts, replayed: 0, left: 3, sent: [] });
    const sent = await server.post(`${path}/replay`, { places, execute: true });
    assertEquals(sent.body, {
      ...counts,
      replayed: 1,
      left: 2,
      sent: [{ place: `${topic}/1/0`, partition: 1, offset: "3" }],
    });
    const again = await server.post(`${path}/replay`, {
      places,
      execute: true,
    });
    assertEquals([again.body.matching, again.body.replayed], [0, 0]);

    const place = `${topic}/1/1`;
    const order = makeOrder({ customer_name: "Mended" });
    const edit = async (value: string, execute: boolean) =>
      (await server.post(`${path}/edit`, { place, value, execute })).body;
    assertMatch((await edit("{", true)).problem, /JSON/);
    // The topic's schema allows it, and the event's own checks don't.
    assertMatch(
      (await edit(JSON.stringify({ ...order, event_id: "x" }), true)).problem,
      /event_id must be a UUID/,
    );
    assertEquals(await edit(JSON.stringify(order), false), { to: null });
    assertEquals((await ofTopic()).letters, 2);
    assertEquals(await edit(JSON.stringify(order), true), {
      to: { partition: 1, offset: "4" },
    });
    const twice = await server.post(`${path}/edit`, {
      place,
      value: JSON.stringify(order),
      execute: true,
    });
    assertEquals([twice.status, twice.body.error], [
      409,
      `${place} was sent back already: it is at ${topic}/1/4`,
    ]);
    assertEquals((await ofTopic()).letters, 1);
    const { body } = await server.get(`/api/topics/${topic}/messages?limit=1`);
    assertEquals(body.messages[0].offset, "4");
    assertEquals(body.messages[0].key, "b");
    assertEquals(body.messages[0].value.event, order);
  },
);

integrationTest(
  "a server that is read only refuses every act, and any server what is not a request of its page",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 1);
    const acts: Record<string, object> = {
      [`/api/groups/${group}/reset`]: { topic, to: "latest", execute: true },
      [`/api/dead-letters/${topic}/replay`]: { execute: true },
      [`/api/dead-letters/${topic}/edit`]: {
        place: `${topic}/0/0`,
        value: "{}",
        execute: true,
      },
    };
    {
      await using server = new TestDashboard({ config, readOnly: true });
      assertEquals((await server.get("/api/status")).body.readOnly, true);
      for (const [path, body] of Object.entries(acts)) {
        assertEquals(
          await server.post(path, body).then(({ status, body }) => [
            status,
            body,
          ]),
          [403, { error: "The dashboard was started to be read only" }],
        );
      }
    }
    await using server = new TestDashboard({ config });
    const origin = server.url;
    const json = { "content-type": "application/json" };
    for (const [path, body] of Object.entries(acts)) {
      const send = async (
        headers: Record<string, string>,
        text = JSON.stringify(body),
      ) => {
        const init = { method: "POST", headers, body: text };
        return (await server.get(path, init)).status;
      };
      assertEquals(await send(json), 403);
      assertEquals(await send({ ...json, origin: "http://evil.example" }), 403);
      assertEquals(await send({ "content-type": "text/plain", origin }), 415);
      assertEquals(await send({ ...json, origin }, "[1]x"), 400);
      assertEquals(await send({ ...json, origin }, "{}"), 400);
      assertEquals(await send({ ...json, origin }, '""'), 400);
      assertEquals(
        await send({ ...json, origin }, JSON.stringify("x".repeat(2 ** 21))),
        413,
      );
      const got = await server.get(path);
      assertEquals([got.status, got.headers.get("allow")], [405, "POST"]);
    }
    const removed = await server.get("/api/topics", {
      method: "DELETE",
      headers: { origin },
    });
    assertEquals(removed.status, 405);
    assertEquals(server.failures, []);
  },
);
