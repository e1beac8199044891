/**
 * Tests of the tasks with a real Schema Registry: its subjects, its ids, its refusals, its absence.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { orders } from "../../lib/events/order.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { requestRegistry } from "../../lib/registry/transport.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { runTaskProcess, TaskProcess } from "../support/task_process.ts";
import {
  committedOffsets,
  consumeJson,
  encodeOrders,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../support/topics.ts";

function produceOne({ config, topic }: Bench, registry: string) {
  return runTaskProcess(config, "produce", [
    `--topic=${topic}`,
    `--registry=${registry}`,
    "--count=1",
    "--json",
  ]);
}

integrationTest(
  "produce registers the schema once, under the topic's name, and finds it again by its id",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    const { url } = await EventRegistry.connect(config);
    // The URL's root, and where the API is: both lead there.
    const [byRoot, byPath, bySlash] = await Promise.all([
      produceOne(bench, config.registryUrl),
      produceOne(bench, url),
      produceOne(bench, `${url}/`),
    ]);
    for (const { code, stderr } of [byRoot, byPath, bySlash]) {
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
    const subject = `${url}/subjects/${topic}-value/versions`;
    assertEquals(await requestRegistry("get", subject), [1]);
    const latest = await requestRegistry("get", `${subject}/latest`) as {
      id: number;
      schema: string;
      schemaType: string;
      subject: string;
    };
    assertEquals(latest.schemaType, "JSON");
    assertEquals(latest.subject, `${topic}-value`);
    assertEquals(JSON.parse(latest.schema), JSON.parse(orders.schemaText));
    const [value] = await encodeOrders(bench, [makeOrder()]);
    assertEquals(value?.subarray(0, 1).toHex(), "00");
    assertEquals(value?.readUInt32BE(1), latest.id);
    assertEquals((await consumeJson(bench, 3)).length, 3);
  },
);

integrationTest(
  "produce says why the registry refuses its schema, and sends nothing",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench);
    const { url } = await EventRegistry.connect(config);
    const subject = `${topic}-value`;
    const previous = {
      type: "object",
      properties: { quantity: { type: "string" } },
      required: ["quantity"],
      additionalProperties: false,
    };
    await requestRegistry("post", `${url}/subjects/${subject}/versions`, {
      body: JSON.stringify({
        schemaType: "JSON",
        schema: JSON.stringify(previous),
      }),
    });
    await requestRegistry("put", `${url}/config/${subject}`, {
      body: JSON.stringify({ compatibility: "FULL" }),
    });
    const { code, stdout, stderr } = await produceOne(
      bench,
      config.registryUrl,
    );
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertStringIncludes(
      stderr,
      `Error: The Schema Registry refuses the schema for ${subject} (HTTP 409): `,
    );
    assertStringIncludes(stderr, "not compatible with");
    assert(!/\n\s+at /.test(stderr), stderr);
    assertEquals(
      await requestRegistry("get", `${url}/config/${subject}`),
      { compatibilityLevel: "FULL" },
    );
  },
);

integrationTest(
  "produce says so when what answers is no Schema Registry",
  async (bench) => {
    await makeTopic(bench);
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("<h1>Coffee</h1>", { status: 404 }),
    );
    const host = `127.0.0.1:${server.addr.port}`;
    const { config, topic } = bench;
    const { code, stderr } = await runTaskProcess(config, "produce", [
      `--topic=${topic}`,
      `--registry=http://${host}`,
      "--json",
    ], { reach: [host] });
    assertEquals({ code, stderr }, {
      code: 1,
      stderr:
        `Error: What answers at http://${host} is not a Schema Registry\n` +
        "  Neither the root nor /apis/ccompat/v7 has Confluent's API.\n" +
        "  Name the registry's full URL with --registry or SCHEMA_REGISTRY_URL, and check what lies between.\n" +
        "  `deno task doctor` looks further.\n",
    });
  },
);

integrationTest(
  "consume waits for a registry that is gone, keeps the order, and goes on when it is back",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 1);
    // A gate before the real registry: closed, it answers as a proxy does whose server is down.
    const { url } = await EventRegistry.connect(config);
    let open = true;
    await using gate = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        open
          ? fetch(url + new URL(request.url).pathname)
          : new Response("Bad gateway", { status: 502 }),
    );
    const host = `127.0.0.1:${gate.addr.port}`;
    await using task = new TaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
      `--registry=http://${host}`,
      "--count=1",
    ], { reach: [host] });
    // Its start finds the registry; that the group is joined shows only when the first order comes.
    await task.until(/Press Ctrl\+C to stop/);
    await sendRaw(config, topic, [{ key: "not an order", value: "" }]);
    await task.until(/truncated/, "stderr");
    open = false;
    // Its start reads the topic's latest schema, and there was none.
    const order = makeOrder();
    const [value = null] = await encodeOrders(bench, [order]);
    await sendRaw(config, topic, [{ key: "charlie_davis", value }]);
    await task.until(/Waiting for it\.\.\./, "stderr");
    const { 0: committed = 0 } = await committedOffsets(bench);
    assert(committed <= 1, `${committed} committed`);
    open = true;
    const { code, stdout } = await task.end();
    assertEquals(code, 0);
    assertStringIncludes(stdout, `Event ID: ${order.event_id}`);
    assertMatch(task.stderr, /No longer waiting for the Schema Registry/);
    assertEquals(await committedOffsets(bench), { 0: 2 });
  },
);

integrationTest(
  "consume stops on a signal while it waits for the registry, and commits nothing that it did not show",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench, 1);
    const [value = null] = await encodeOrders(bench, [makeOrder()]);
    await sendRaw(config, topic, [{ key: "charlie_davis", value }]);
    const { url } = await EventRegistry.connect(config);
    await using gate = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const { pathname } = new URL(request.url);
        return pathname.includes("/ids/")
          ? new Response("Bad gateway", { status: 502 })
          : fetch(url + pathname);
      },
    );
    const host = `127.0.0.1:${gate.addr.port}`;
    await using task = new TaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
      `--registry=http://${host}`,
      "--json",
    ], { reach: [host] });
    await task.until(/Waiting for it\.\.\./, "stderr");
    task.signal("SIGTERM");
    const { code, stdout } = await task.end();
    assertEquals({ code, stdout }, { code: 0, stdout: "" });
    const { 0: committed = 0 } = await committedOffsets(bench);
    assertEquals(committed, 0);

    const after = await runTaskProcess(config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
      "--count=1",
      "--json",
    ]);
    assertEquals(after.stderr, "");
    assertEquals(parseRecords(after.stdout)[0]?.offset, "0");
  },
);
