/**
 * Tests of what the tasks export to OpenTelemetry, against a collector that keeps it all.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { freePorts } from "../../lib/engine/ports.ts";
import { eventually } from "../support/eventually.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  type ExportedSpan,
  KIND,
  otelEnv,
  OtlpReceiver,
} from "../support/otlp_receiver.ts";
import { SilentListener } from "../support/silent_listener.ts";
import {
  type PipelineTask,
  runTaskProcess,
  TaskProcess,
} from "../support/task_process.ts";
import { type JsonRecord, makeTopic, sendRaw } from "../support/topics.ts";

type Env = Readonly<Record<string, string>>;

/** Runs a task to its end, which is a good one, without a word on stderr. */
async function run(
  bench: Bench,
  task: PipelineTask,
  { args, env }: { readonly args: readonly string[]; readonly env?: Env },
): Promise<string> {
  const { code, stdout, stderr } = await runTaskProcess(bench.config, task, [
    `--topic=${bench.topic}`,
    ...args,
  ], env ? { env } : {});
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

async function produce(
  bench: Bench,
  count: number,
  env?: Env,
): Promise<(JsonRecord & { readonly headers?: unknown })[]> {
  const args = [`--count=${count}`, "--interval=0", "--json"];
  const stdout = await run(bench, "produce", { args, ...(env && { env }) });
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Stores events into a file that is removed afterwards. */
async function store(bench: Bench, count: number, env: Env): Promise<void> {
  const path = `.data/test-${crypto.randomUUID()}.db`;
  const args = [
    `--group=${bench.group}-store`,
    `--database=${path}`,
    `--count=${count}`,
  ];
  try {
    await run(bench, "store", { args, env });
  } finally {
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(`${checkoutFolder()}/${path}${end}`).catch(() => {});
    }
  }
}

/** Fails if anything of the events was exported. */
function assertNothingOf(
  receiver: OtlpReceiver,
  records: readonly JsonRecord[],
): void {
  const text = receiver.text;
  for (const { key, event } of records) {
    for (const secret of [key, event.customer_name, event.event_id]) {
      assert(!text.includes(String(secret)), `exported: ${secret}`);
    }
  }
  assertEquals(receiver.paths, ["/v1/metrics", "/v1/traces"]);
}

const idsOf = (spans: readonly ExportedSpan[]) =>
  spans.map(({ spanId }) => spanId).sort();

const linksOf = (spans: readonly ExportedSpan[]) =>
  spans.flatMap(({ links }) => links).sort();

integrationTest(
  "one trace goes from produce through the event's headers to the handler of consume and the transaction of store",
  async (bench) => {
    const { topic, group } = bench;
    await makeTopic(bench, 1);
    await using receiver = new OtlpReceiver();
    const { env } = receiver;
    const produced = await produce(bench, 1, env);
    const args = [`--group=${group}`, "--count=1"];
    await run(bench, "consume", { args, env });
    await store(bench, 1, env);
    const [create] = receiver.named(`create ${topic}`);
    const [send] = receiver.named(`send ${topic}`);
    const [consumed, stored] = receiver.named(`process ${topic}`);
    const [transaction] = receiver.named("transaction orders");
    assert(create && send && consumed && stored && transaction);
    const { traceId, spanId } = create;
    assertEquals([create.kind, create.parentSpanId, create.links], [
      KIND.producer,
      "",
      [],
    ]);
    for (const child of [send, consumed, stored]) {
      assertEquals([child.traceId, child.parentSpanId, child.links], [
        traceId,
        spanId,
        [spanId],
      ]);
    }
    assertEquals(
      [transaction.traceId, transaction.parentSpanId],
      [traceId, stored.spanId],
    );
    assertEquals(
      [send, consumed, stored, transaction].map(({ kind }) => kind),
      [KIND.client, KIND.consumer, KIND.consumer, KIND.client],
    );
    const common = {
      "messaging.system.name": "kafka",
      "messaging.destination.name": topic,
      "messaging.destination.partition.id": "0",
    };
    assertEquals(create.attributes, {
      ...common,
      "messaging.operation.name": "create",
      "messaging.operation.type": "create",
    });
    assertEquals(send.attributes, {
      ...common,
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.batch.message_count": 1,
    });
    assertEquals(consumed.attributes, {
      ...common,
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.consumer.group.name": group,
      "kafka.offset": 0,
    });
    assertEquals(transaction.attributes, {
      "db.system.name": "sqlite",
      "db.collection.name": "orders",
      "db.operation.name": "transaction",
      "db.operation.batch.size": 1,
    });
    const [record] = produced as [typeof produced[0]];
    assertEquals(record.headers, [
      ["traceparent", `00-${traceId}-${spanId}-01`],
    ]);
    const known = new Set<unknown>(Object.values(conventions));
    assertEquals(
      receiver.attributeNames.filter((name) => !known.has(name)),
      [],
    );
    assertEquals(receiver.schemaUrls, [
      "https://opentelemetry.io/schemas/1.45.0",
    ]);
    assertNothingOf(receiver, produced);
  },
);

integrationTest(
  "batches link to each of their events, and the metrics say what was done",
  async (bench) => {
    const { topic, group } = bench;
    await makeTopic(bench, 1);
    await using receiver = new OtlpReceiver();
    const { env } = receiver;
    const produced = await produce(bench, 40, env);
    const creates = idsOf(receiver.named(`create ${topic}`));
    assertEquals(creates.length, 40);
    assertEquals(linksOf(receiver.named(`send ${topic}`)), creates);
    await store(bench, 40, env);
    const batches = receiver.named(`process ${topic}`);
    assertEquals(linksOf(batches), creates);
    assertEquals(
      receiver.named("transaction orders")
        .map(({ parentSpanId }) => parentSpanId).sort(),
      idsOf(batches),
    );
    await sendRaw(bench.config, topic, [
      { partition: 0, key: null, value: "not an event" },
    ]);
    await using task = new TaskProcess(bench.config, "consume", [
      `--topic=${topic}`,
      `--group=${group}`,
    ], { env });
    const own = { "messaging.consumer.group.name": group };
    await eventually(
      "the lag and the dead letter are exported",
      () =>
        receiver.metric("cafe.consumer.lag", own) === 0 &&
        receiver.metric("cafe.dead_letters", own) === 1,
    );
    task.signal("SIGTERM");
    assertEquals((await task.end()).code, 0);
    const processed = receiver.named(`process ${topic}`)
      .filter(({ attributes }) =>
        attributes["messaging.consumer.group.name"] === group
      );
    // Each event's processing is in the trace of its creation.
    assertEquals(
      processed.map(({ parentSpanId }) => parentSpanId).sort(),
      creates,
    );
    assert(receiver.named(`commit ${topic}`).length > 0);
    const metric = (name: string, attributes = {}) =>
      receiver.metric(name, attributes);
    assertEquals({
      sent: metric("messaging.client.sent.messages"),
      delivered: metric("cafe.events.delivered"),
      failed: metric("cafe.events.failed"),
      stored: metric("cafe.events.stored"),
      repeated: metric("cafe.events.repeated"),
      consumed: metric("messaging.client.consumed.messages", own),
      processed: metric("messaging.process.duration", own),
      retries: metric("cafe.retries"),
      waits: metric("cafe.waits"),
    }, {
      sent: 40,
      delivered: 40,
      failed: 0,
      stored: 40,
      repeated: 0,
      consumed: 40,
      processed: 40,
      retries: 0,
      waits: 0,
    });
    assertNothingOf(receiver, produced);
  },
);

integrationTest(
  "headers that name a trace already stay as they are, and its next part goes on with it",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await using receiver = new OtlpReceiver();
    const [given] = await produce(bench, 1, receiver.env);
    const line = JSON.stringify(given);
    const { stdout } = await runTaskProcess(config, "produce", [
      `--topic=${topic}`,
      "--file=-",
      "--json",
    ], { input: line, env: receiver.env });
    assertEquals(JSON.parse(stdout).headers, given?.headers);
    const creates = idsOf(receiver.named(`create ${topic}`));
    const sends = receiver.named(`send ${topic}`);
    assertEquals(creates.length, 1);
    assertEquals(linksOf(sends), [creates[0], creates[0]]);
  },
);

integrationTest(
  "without OTEL_DENO nothing is added to a message, and a collector that is away or silent costs no more than a moment",
  async (bench) => {
    await makeTopic(bench, 1);
    const [plain] = await produce(bench, 1);
    assertEquals(plain?.headers, undefined);
    const [closed = 0] = freePorts(1);
    const [traced] = await produce(bench, 1, otelEnv(closed));
    assert(traced?.headers);
    using silent = new SilentListener();
    const port = Number(silent.address.split(":")[1]);
    // Deno waits so long at the end, for traces and for metrics; with exports that begin meanwhile, it would wait without end.
    await produce(bench, 1, {
      ...otelEnv(port),
      OTEL_EXPORTER_OTLP_TIMEOUT: "300",
      OTEL_METRIC_EXPORT_INTERVAL: "60000",
    });
  },
);
