/**
 * Another kind of event through every command, and the choice of the schema that events are written by, on a real Kafka with a
 * real registry.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type LoyaltyScan,
  loyaltyScans,
} from "../../lib/events/loyalty_scan.ts";
import { orders } from "../../lib/events/order.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { requestRegistry } from "../../lib/registry/transport.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  type PipelineTask,
  runTaskProcess,
  type TaskOptions,
} from "../support/task_process.ts";
import {
  encodeOrders,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../support/topics.ts";

function run(
  { config, topic, group }: Bench,
  task: PipelineTask,
  args: readonly string[],
  options?: TaskOptions,
) {
  return runTaskProcess(config, task, [
    ...args,
    `--topic=${topic}`,
    ...(task === "consume" ? [`--group=${group}`] : []),
  ], options);
}

const SCANS = "--event=loyalty_scan";

integrationTest(
  "produce and consume print loyalty scans in the orders' frame with a line per field, keyed by their card",
  async (bench) => {
    const { topic, group } = bench;
    await makeTopic(bench);
    const sent = await run(bench, "produce", [
      SCANS,
      "--count=3",
      "--interval=0",
      "--seed=1",
    ]);
    assertEquals({ code: sent.code, stderr: sent.stderr }, {
      code: 0,
      stderr: "",
    });
    assertMatch(
      sent.stdout,
      new RegExp(
        "^Starting Cafe Event Producer with Schema Registry\\.\\.\\.\\n" +
          `Generating and sending 3 random loyalty_scan events to topic '${topic}'\\.\\.\\.\\n\\n` +
          "Event 1: event_id: \\S+, card_id: C-\\d+, customer_name: [^,]+, points: -?\\d+, place: [^,]+, ts_utc: \\S+Z\\n",
      ),
    );
    const [text, json] = await Promise.all([
      run(bench, "consume", [SCANS, "--count=3"]),
      run({ ...bench, group: `${group}-json` }, "consume", [
        SCANS,
        "--count=3",
        "--json",
      ]),
    ]);
    assertEquals({ code: json.code, stderr: json.stderr }, {
      code: 0,
      stderr: "",
    });
    const records = json.stdout.trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    const scans = records.map(({ event }): LoyaltyScan => {
      return loyaltyScans.check(event);
    });
    assertEquals(
      records.map(({ key }) => key),
      scans.map(({ card_id }) => card_id),
    );
    for (const scan of scans) {
      const [first, ...rest] = Object.entries(scan).toReversed()
        .map(([name, value]) => `${name}: ${value}`);
      const block = [
        ...rest.toReversed().map((line) => `        ├─ ${line}\n`),
        `        └─ ${first}\n${"-".repeat(80)}\n`,
      ].join("");
      assert(text.stdout.includes(block), `${block}\n\n${text.stdout}`);
    }
  },
);

integrationTest(
  "produce --file takes loyalty scans and names what isn't one; consume keeps it as a dead letter, and dlq sends it back",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const scan = {
      card_id: "C-1001",
      customer_name: "Alice Johnson",
      points: 7,
      place: "Library",
    };
    const lines = [scan, { ...scan, points: 0 }, makeOrder(), scan];
    const sent = await run(bench, "produce", [SCANS, "--file=-", "--json"], {
      input: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    });
    assertEquals(sent.code, 1);
    assertEquals(sent.stdout.split("\n").length, 3);
    assertMatch(
      sent.stderr,
      /^Line 2 was not sent: Not a valid loyalty_scan: points must .*\nLine 3 was not sent: Not a valid loyalty_scan: .*\nDelivered 2 of 4 events in .*; 2 not valid\.\n$/,
    );
    // An order in the scans' topic: valid by its writer's schema, and not a scan.
    const elsewhere = { ...bench, topic: `${topic}-orders` };
    const values = await encodeOrders(elsewhere, [makeOrder()]);
    await sendRaw(config, topic, values.map((value) => ({ value })));
    const read = await run(bench, "consume", [
      SCANS,
      "--idle-exit=1",
      "--json",
    ]);
    assertEquals({ code: read.code, lines: read.stdout.split("\n").length }, {
      code: 0,
      lines: 3,
    });
    assertMatch(
      read.stderr,
      /^Can't read message \S+ \[0\] offset=2: Not a valid loyalty_scan: .*'card_id'.*\n {2}It is kept: \S+\.dlq \[0\] offset=0\nConsumed 2 events in .*; set aside: 1 dead letter\.\n$/,
    );
    const listed = await run(bench, "dlq", [SCANS, "--json"]);
    const letter = JSON.parse(listed.stdout);
    assertMatch(letter.reason, /^Not a valid loyalty_scan: /);
    const replayed = await run(bench, "dlq", ["replay", SCANS]);
    assertEquals({ code: replayed.code, stderr: replayed.stderr }, {
      code: 0,
      stderr: "",
    });
    // As an order it can be read.
    const order = await run(
      { ...bench, group: `${bench.group}-orders` },
      "consume",
      ["--event=order", "--from=earliest", "--count=1", "--json"],
    );
    assertEquals(parseRecords(order.stdout)[0]?.offset, "2");
    assertEquals(
      order.stderr.split("\n")[0],
      `Topic '${topic}' has other events, by the latest schema of ${topic}-value: without drink_name, none is a valid order.`,
    );
  },
);

/** What a registry knows of a test's subject. */
async function subjectOf({ config, topic }: Bench) {
  const registry = await EventRegistry.connect(config);
  const subject = `${topic}-value`;
  return {
    register: (schema: object) =>
      registry.register(subject, JSON.stringify(schema)),
    versions: () =>
      requestRegistry(
        "get",
        `${registry.url}/subjects/${subject}/versions`,
        {},
      ),
  };
}

const NO_ADVICE =
  "  Without --use-latest and --no-register, `deno task produce` registers its own.\n";

function sendOrders(bench: Bench, flag: string, events: readonly object[]) {
  return run(bench, "produce", [flag, "--file=-", "--json"], {
    input: events.map((event) => `${JSON.stringify(event)}\n`).join(""),
  });
}

integrationTest(
  "produce --use-latest writes by the subject's latest schema, checks against it, and registers nothing",
  async (bench) => {
    await makeTopic(bench);
    const missing = await sendOrders(bench, "--use-latest", [makeOrder()]);
    assertEquals({ code: missing.code, stderr: missing.stderr }, {
      code: 1,
      stderr:
        `Error: The registry has no schema for the subject "${bench.topic}-value"\n${NO_ADVICE}`,
    });
    const { register, versions } = await subjectOf(bench);
    const { properties, ...rest } = JSON.parse(orders.schemaText);
    await register({ properties, ...rest });
    await register({
      ...rest,
      properties: { ...properties, table: { type: "integer" } },
    });
    const newer = { ...makeOrder(), table: 7 };
    const sent = await sendOrders(bench, "--use-latest", [
      newer,
      { ...newer, table: "seven" },
      { ...newer, chair: 1 },
      { ...newer, event_id: "1" },
      makeOrder(),
    ]);
    assertEquals(sent.code, 1);
    assertEquals(parseRecords(sent.stdout).length, 2);
    assertMatch(
      sent.stderr,
      /^Line 2 was not sent: Not valid by schema \d+: .*table.*\nLine 3 was not sent: Not valid by schema \d+: .*chair.*\nLine 4 was not sent: Not a valid order: event_id must be a UUID.*\nDelivered 2 of 5 events in /,
    );
    assertEquals(await versions(), [1, 2]);
    // Its reader lets the new field through.
    const read = await run(bench, "consume", ["--count=2", "--json"]);
    assertEquals({ code: read.code, stderr: read.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals<unknown>(
      parseRecords(read.stdout).find(({ event }) =>
        event.event_id === newer.event_id
      )?.event,
      newer,
    );
  },
);

integrationTest(
  "produce --no-register needs its own schema in the registry, and registers nothing",
  async (bench) => {
    await makeTopic(bench);
    const send = () => sendOrders(bench, "--no-register", [makeOrder()]);
    const refused = {
      code: 1,
      stdout: "",
      stderr:
        `Error: The schema is not registered for the subject "${bench.topic}-value"\n${NO_ADVICE}`,
    };
    assertEquals(await send(), refused);
    const { register, versions } = await subjectOf(bench);
    const { title: _, ...untitled } = JSON.parse(orders.schemaText);
    await register(untitled);
    assertEquals(await send(), refused);
    assertEquals(await versions(), [1]);
    await register(JSON.parse(orders.schemaText));
    const sent = await send();
    assertEquals({ code: sent.code, stderr: sent.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(await versions(), [1, 2]);
    const both = await sendOrders(bench, "--use-latest", [makeOrder()]);
    assertEquals(both.code, 0);
  },
);

integrationTest(
  "produce refuses --use-latest together with --no-register, and an event that it doesn't know",
  async (bench) => {
    const both = await run(bench, "produce", ["--use-latest", "--no-register"]);
    assertEquals(both.code, 2);
    assertMatch(both.stderr, /--use-latest registers nothing/);
    const unknown = await run(bench, "produce", ["--event=loyalty_scans"]);
    assertEquals(unknown.code, 2);
    assertMatch(
      unknown.stderr,
      /--event takes one of order, loyalty_scan: "loyalty_scans"\n {2}Did you mean loyalty_scan\?/,
    );
  },
);
