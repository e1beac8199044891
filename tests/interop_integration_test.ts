/**
 * Tests that the programs of others read what this one writes, and the other way round: confluent-kafka for Python, kcat.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { consume } from "../lib/consume/consume.ts";
import { type Order, orders } from "../lib/events/order.ts";
import { EventRegistry } from "../lib/registry/registry.ts";
import { requestRegistry } from "../lib/registry/transport.ts";
import { runCommand } from "./support/command.ts";
import {
  type Bench,
  integrationTest,
  whyNoEngine,
} from "./support/integration.ts";
import { askPython, preparePython } from "./support/python.ts";
import { runTaskProcess } from "./support/task_process.ts";
import {
  consumeJson,
  encodeOrders,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "./support/topics.ts";
import { groupShared } from "./support/groups.ts";

/** Their keys differ between languages if lower case, UTF-8 or the checksum do. */
const CUSTOMERS = [
  "Diana Martinez",
  "Charlie Davis",
  "Bob Smith",
  "Grace Lee",
  "Zoë Müller",
  "Ángel Ñúñez de Prado",
  "ΟΔΥΣΣΕΥΣ",
  "İpek ŞAHİN",
  "李 小龍",
  "🍵 Tea",
  "X",
];

/** How many orders a member of a shared group reads. */
const PER_PARTITION_COUNT = 5;

/** The partitions that the contract names, of 3. */
const KNOWN = { diana_martinez: 1, charlie_davis: 0, bob_smith: 2 };

/** The schema of the Python program that this one replaces. */
const PYTHON_SCHEMA = `{
  "title": "CustomerEvent",
  "type": "object",
  "properties": {
    "event_id": {"type": "string"},
    "customer_name": {"type": "string"},
    "drink_name": {"type": "string"},
    "quantity": {"type": "integer", "minimum": 1},
    "amount": {"type": "number", "minimum": 0},
    "is_member": {"type": "boolean"},
    "ts_utc": {"type": "string"}
  },
  "required": ["event_id", "customer_name", "drink_name", "quantity", "amount", "is_member", "ts_utc"],
  "additionalProperties": false
}`;

interface Found {
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly event?: Order;
}

function makeOrders(drink: string): Order[] {
  return CUSTOMERS.map((customer_name, i) =>
    makeOrder({
      customer_name,
      drink_name: `${drink} ☕`,
      quantity: i + 1,
      amount: (i + 1) * 3.35,
      is_member: i % 2 === 0,
    })
  );
}

/** Sets which changes of its schema a topic's subject allows. */
async function setCompatibility(
  { config, topic }: Bench,
  level: string,
): Promise<void> {
  const { url } = await EventRegistry.connect(config);
  await requestRegistry("put", `${url}/config/${topic}-value`, {
    body: JSON.stringify({ compatibility: level }),
  });
}

function byKey(records: readonly Found[]): Record<string, number> {
  return Object.fromEntries(
    records.map(({ key, partition }) => [key, partition]),
  );
}

/** Sorted by their orders' ids, with no more than both languages show. */
function comparable(records: readonly Found[]) {
  return records
    .map(({ partition, offset, key, event }) => ({
      partition,
      offset,
      key,
      event,
    }))
    .sort((a, b) =>
      String(a.event?.event_id).localeCompare(String(b.event?.event_id))
    );
}

async function produceHere(
  { config, topic }: Bench,
  events: readonly Order[],
): Promise<Found[]> {
  const { code, stdout, stderr } = await runTaskProcess(config, "produce", [
    `--topic=${topic}`,
    "--file=-",
    "--json",
  ], { input: events.map((event) => `${JSON.stringify(event)}\n`).join("") });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return parseRecords(stdout);
}

const engine = whyNoEngine();
const python = engine === undefined
  ? await preparePython()
  : { problem: engine };
const { program } = python;

/** A connection to the engine as confluent-kafka wants it named. */
async function pythonClient(program: string, { config, topic }: Bench) {
  const { url } = await EventRegistry.connect(config);
  const place = { brokers: config.brokers.join(","), registry: url, topic };
  return {
    produce: (schema: string, orders: readonly Order[]) =>
      askPython(program, {
        do: "produce",
        schema,
        orders,
        ...place,
      }) as Promise<
        { schema_id: number; records: Found[] }
      >,
    consume: async (count: number, schema?: string, group?: string) => {
      const request = { do: "consume", count, schema, group, ...place };
      const { records } = await askPython(program, request) as {
        records: Found[];
      };
      return records;
    },
  };
}

function pythonTest(
  name: string,
  fn: (
    bench: Bench,
    client: Awaited<ReturnType<typeof pythonClient>>,
  ) => Promise<void>,
  sanitizers?: Parameters<typeof integrationTest>[2],
): void {
  if (program === undefined) {
    Deno.test({
      name: `${name} (${python.problem})`,
      ignore: true,
      fn: () => {},
    });
    return;
  }
  integrationTest(name, async (bench) => {
    await makeTopic(bench);
    await fn(bench, await pythonClient(program, bench));
  }, sanitizers);
}

pythonTest(
  "confluent-kafka and this program read each other's orders, and put each customer in the same partition",
  async (bench, client) => {
    const theirs = makeOrders("From Python");
    const ours = makeOrders("From Deno");
    const sentThere = await client.produce(orders.schemaText, theirs);
    const sentHere = await produceHere(bench, ours);
    const all = 2 * CUSTOMERS.length;
    const [readHere, readThere, readBySchema] = await Promise.all([
      consumeJson(bench, all),
      client.consume(all),
      client.consume(all, orders.schemaText),
    ]);
    assertEquals(
      readHere.map(({ event }) => event.event_id).sort(),
      [...theirs, ...ours].map(({ event_id }) => event_id).sort(),
    );
    for (const order of [...theirs, ...ours]) {
      assertEquals(
        readHere.find(({ event }) => event.event_id === order.event_id)?.event,
        order,
      );
    }
    assertEquals(comparable(readThere), comparable(readHere));
    assertEquals(comparable(readBySchema), comparable(readHere));
    assertEquals(byKey(sentHere), byKey(sentThere.records));
    assertEquals(Object.keys(byKey(sentHere)).length, CUSTOMERS.length);
    for (const [key, partition] of Object.entries(KNOWN)) {
      assertEquals(byKey(sentThere.records)[key], partition);
    }
  },
);

pythonTest(
  "confluent-kafka and this program find the schema that the other has registered, by the same id",
  async (bench, client) => {
    const registry = await EventRegistry.connect(bench.config);
    const subject = `${bench.topic}-value`;
    const before = await registry.register(subject, orders.schemaText);
    const { schema_id } = await client.produce(
      orders.schemaText,
      makeOrders("Python"),
    );
    assertEquals(schema_id, before);

    // The other way round, where Python comes first.
    const other = { ...bench, topic: `${bench.topic}-second` };
    await makeTopic(other);
    assert(program);
    const second = await pythonClient(program, other);
    const first = await second.produce(orders.schemaText, makeOrders("Python"));
    assertEquals(
      await registry.register(`${other.topic}-value`, orders.schemaText),
      first.schema_id,
    );
  },
);

pythonTest(
  "confluent-kafka and this program read each other's orders where each has a schema text of its own",
  async (bench, client) => {
    const theirs = makeOrders("From Python");
    await client.produce(PYTHON_SCHEMA, theirs);
    const readHere = await consumeJson(bench, CUSTOMERS.length);
    assertEquals(
      comparable(readHere).map(({ event }) => event),
      comparable(theirs.map((event) => ({
        event,
        partition: 0,
        offset: "",
        key: null,
      }))).map(({ event }) => event),
    );

    // The other way round: this program comes first.
    const other = { ...bench, topic: `${bench.topic}-ours` };
    await makeTopic(other);
    assert(program);
    const sent = await produceHere(other, makeOrders("From Deno"));
    const second = await pythonClient(program, other);
    assertEquals(
      comparable(await second.consume(CUSTOMERS.length, PYTHON_SCHEMA)),
      comparable(sent),
    );
  },
);

for (const level of ["BACKWARD", "FULL"]) {
  pythonTest(
    `confluent-kafka and this program replace each other, whichever came first, where the subject's compatibility is ${level}`,
    async (bench, client) => {
      await setCompatibility(bench, level);
      const theirs = makeOrders("From Python");
      const first = await client.produce(PYTHON_SCHEMA, theirs);
      const ours = makeOrders("From Deno");
      const sent = await produceHere(bench, ours);
      assertEquals(sent.length, ours.length);
      const all = 2 * CUSTOMERS.length;
      const readHere = comparable(await consumeJson(bench, all));
      assertEquals(comparable(await client.consume(all)), readHere);
      assertEquals(
        comparable(await client.consume(all, PYTHON_SCHEMA)),
        readHere,
      );
      // Both schemas are there: the Python program goes on with its own.
      const again = await client.produce(PYTHON_SCHEMA, theirs);
      assertEquals(again.schema_id, first.schema_id);

      const other = { ...bench, topic: `${bench.topic}-ours` };
      await makeTopic(other);
      await setCompatibility(other, level);
      await produceHere(other, ours);
      assert(program);
      const second = await pythonClient(program, other);
      await second.produce(PYTHON_SCHEMA, theirs);
      assertEquals(
        comparable(await second.consume(all, PYTHON_SCHEMA)),
        comparable(await consumeJson(other, all)),
      );
    },
  );
}

pythonTest(
  "this program reads by its own schema what a newer Python program adds: an optional field",
  async (bench, client) => {
    await produceHere(bench, makeOrders("From Deno"));
    const { properties, ...rest } = JSON.parse(PYTHON_SCHEMA);
    const newer = JSON.stringify({
      ...rest,
      properties: { ...properties, table: { type: "integer" } },
    });
    const theirs = makeOrders("From Python").map((order, i) =>
      i % 2 === 0 ? { ...order, table: i } : order
    );
    await client.produce(newer, theirs);
    const readHere = await consumeJson(bench, 2 * CUSTOMERS.length);
    for (const order of theirs) {
      assertEquals<unknown>(
        readHere.find(({ event }) => event.event_id === order.event_id)?.event,
        order,
      );
    }
  },
);

for (const first of ["confluent-kafka", "this program"]) {
  pythonTest(
    `confluent-kafka and this program share a topic in one group where ${first} leads it`,
    async (plain) => {
      const bench = { ...plain, topic: `${plain.topic}-shared` };
      const { config, topic, group } = bench;
      await makeTopic(bench, 2);
      assert(program);
      const client = await pythonClient(program, bench);
      const there = () => client.consume(PER_PARTITION_COUNT, undefined, group);
      const here = async () => {
        const read: { partition: number; offset: string }[] = [];
        await consume(orders, ({ partition, offset }) => {
          read.push({ partition, offset });
        }, { config, topic, group, count: PER_PARTITION_COUNT });
        return read;
      };
      const members = first === "this program" ? [here, there] : [there, here];
      const reads: Promise<{ partition: number; offset: string }[]>[] = [];
      for (const [i, member] of members.entries()) {
        reads.push(member());
        await groupShared(bench, i + 1);
      }
      const values = await encodeOrders(
        bench,
        makeOrders("Shared").slice(0, PER_PARTITION_COUNT),
      );
      await sendRaw(
        config,
        topic,
        [0, 1].flatMap((partition) =>
          values.map((value) => ({ key: "any", value, partition }))
        ),
      );
      const places = (await Promise.all(reads)).flat()
        .map(({ partition, offset }) => `${partition}/${offset}`);
      assertEquals(
        places.sort(),
        [0, 1].flatMap((partition) =>
          values.map((_, offset) => `${partition}/${offset}`)
        ),
      );
    },
  );
}

async function kcatProblem(): Promise<string | undefined> {
  if (engine !== undefined) return engine;
  const granted = Deno.permissions.querySync({ name: "run", command: "kcat" });
  if (granted.state !== "granted") return "needs kcat and --allow-run=kcat";
  try {
    await runCommand(["kcat", "-V"]);
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "needs kcat";
    throw error;
  }
}

const noKcat = await kcatProblem();

async function kcat(
  { config, topic }: Bench,
  args: readonly string[],
  input = "",
): Promise<Uint8Array> {
  const { code, stdout, stderr } = await runCommand(
    ["kcat", "-b", config.brokers.join(","), "-t", topic, "-q", ...args],
    { input },
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

function kcatTest(name: string, fn: (bench: Bench) => Promise<void>): void {
  if (noKcat === undefined) integrationTest(name, fn);
  else Deno.test({ name: `${name} (${noKcat})`, ignore: true, fn: () => {} });
}

kcatTest(
  "kcat puts each customer in the partition where this program does, and reads its wire format",
  async (bench) => {
    await makeTopic(bench);
    const sent = await produceHere(bench, makeOrders("From Deno"));
    const [record] = sent;
    assert(record);
    const bytes = await kcat(bench, [
      "-C",
      "-p",
      String(record.partition),
      "-o",
      record.offset,
      "-c",
      "1",
      "-f",
      "%s",
    ]);
    const registry = await EventRegistry.connect(bench.config);
    const id = await registry.register(
      `${bench.topic}-value`,
      orders.schemaText,
    );
    assertEquals(bytes[0], 0);
    assertEquals(new DataView(bytes.buffer).getUint32(1), id);
    assertEquals(
      JSON.parse(new TextDecoder().decode(bytes.subarray(5))),
      record.event,
    );

    const theirs = { ...bench, topic: `${bench.topic}-kcat` };
    await makeTopic(theirs);
    const lines = sent.map(({ key }) => `${key}:an order\n`);
    await kcat(theirs, ["-P", "-K:"], lines.join(""));
    const read = await kcat(theirs, ["-C", "-e", "-f", "%p %k\\n"]);
    const partitions = new TextDecoder().decode(read).trim().split("\n").map(
      (line): [string, number] => [line.slice(2), Number(line[0])],
    );
    assertEquals(Object.fromEntries(partitions), byKey(sent));
  },
);
