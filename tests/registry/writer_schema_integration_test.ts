/**
 * Tests of the consume task with schemas of other writers, on a real registry: those of good writers, hostile ones, and those
 * that a message names in a header.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { frame } from "../../lib/events/wire_format.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { runTaskProcess, TaskProcess } from "../support/task_process.ts";
import {
  committedOffsets,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../support/topics.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";

const DRAFT_07 = "http://json-schema.org/draft-07/schema#";

const OPEN = { $schema: DRAFT_07, type: "object" };

const GOOD: readonly unknown[] = [
  { $schema: "https://json-schema.org/draft-07/schema#", type: "object" },
  { $schema: "http://json-schema.org/draft/2020-12/schema", type: "object" },
  { $schema: "https://cafe.example/meta", type: "object", properties: {} },
  { $schema: DRAFT_07, properties: { coupon: { enum: [] } } },
  { $schema: DRAFT_07, id: "http://cafe.example/a", type: "object" },
  { $schema: DRAFT_07, properties: { note: { nullable: true, not: {} } } },
  {
    $schema: DRAFT_07,
    properties: { phone: { pattern: String.raw`^\d{3}\-\d{4}$` } },
  },
];

/** Registers schemas, each for a subject of its own, and returns their ids. */
async function registerAll(
  { config, topic }: Bench,
  schemas: readonly unknown[],
): Promise<number[]> {
  const registry = await EventRegistry.connect(config);
  return await Promise.all(
    schemas.map((schema, i) =>
      registry.register(`${topic}-${i}`, JSON.stringify(schema))
    ),
  );
}

function consumeArgs({ topic, group }: Bench): string[] {
  return [`--topic=${topic}`, `--group=${group}`, "--json"];
}

integrationTest(
  "consume reads what other clients read, whatever their schemas look like",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const ids = await registerAll(bench, GOOD);
    const event = { ...makeOrder(), phone: "555-0100" };
    const value = (id: number) => Buffer.from(frame(id, JSON.stringify(event)));
    await sendRaw(
      config,
      topic,
      ids.map((id) => ({ key: "k", value: value(id) })),
    );
    const { code, stdout, stderr } = await runTaskProcess(config, "consume", [
      ...consumeArgs(bench),
      `--count=${GOOD.length}`,
      "--idle-exit=5",
    ]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(
      parseRecords(stdout).map((record) => record.event),
      GOOD.map(() => event),
    );
  },
);

const doubling: Record<string, unknown> = { d40: { type: "object" } };
for (let i = 0; i < 40; i++) {
  const next = { $ref: `#/definitions/d${i + 1}` };
  doubling[`d${i}`] = { allOf: [next, next] };
}
const HOSTILE: readonly unknown[] = [
  {
    $schema: DRAFT_07,
    properties: { customer_name: { pattern: "^(a+)+$" } },
  },
  { $schema: DRAFT_07, $ref: "#/definitions/d0", definitions: doubling },
  { $schema: DRAFT_07, allOf: [{ $ref: "#" }] },
];
const VICTIM = { ...makeOrder(), customer_name: `${"a".repeat(40)}!` };

integrationTest(
  "consume sets aside what a hostile schema would never end to check, and goes on",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const ids = await registerAll(bench, [...HOSTILE, OPEN]);
    await sendRaw(
      config,
      topic,
      ids.map((id) => ({
        key: "k",
        value: Buffer.from(frame(id, JSON.stringify(VICTIM))),
      })),
    );
    const { code, stdout, stderr } = await runTaskProcess(config, "consume", [
      ...consumeArgs(bench),
      "--count=1",
      "--idle-exit=10",
    ]);
    assertEquals(code, 0, stderr);
    assertEquals(parseRecords(stdout).map(({ offset }) => offset), ["3"]);
    for (
      const [i, reason] of [
        "it takes longer than 500 ms",
        "it takes longer than 500 ms",
        "Maximum call stack size exceeded",
      ].entries()
    ) {
      assertStringIncludes(stderr, `Schema ${ids[i]} can't be used: ${reason}`);
    }
    assertEquals(await committedOffsets(bench), { 0: 4 });
  },
);

integrationTest(
  "consume stops on a signal amid messages with a hostile schema",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const [id = 0] = await registerAll(bench, HOSTILE);
    const value = Buffer.from(frame(id, JSON.stringify(VICTIM)));
    await sendRaw(config, topic, Array(100).fill({ key: "k", value }));
    await using task = new TaskProcess(config, "consume", consumeArgs(bench));
    await task.until(/can't be used/, "stderr");
    const start = performance.now();
    task.signal("SIGTERM");
    const { code, stderr } = await task.end();
    assertEquals(code, 0, stderr);
    assert(performance.now() - start < STOP_LIMIT_MS);
    const { 0: committed = 0 } = await committedOffsets(bench);
    assert(committed > 0 && committed < 100, `${committed} committed`);
  },
);

integrationTest(
  "consume reads a message that names its schema in a header, and sets aside one that names a GUID in vain",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const [id = 0] = await registerAll(bench, [OPEN]);
    const event = makeOrder();
    const value = JSON.stringify(event);
    const guid = crypto.randomUUID();
    const header = (bytes: Uint8Array) => ({
      __value_schema_id: Buffer.from(bytes),
    });
    await sendRaw(config, topic, [
      {
        key: "k",
        value,
        headers: header(Uint8Array.fromHex(`01${guid.replaceAll("-", "")}`)),
      },
      { key: "k", value, headers: header(frame(id, "")) },
    ]);
    const { code, stdout, stderr } = await runTaskProcess(config, "consume", [
      ...consumeArgs(bench),
      "--count=1",
      "--idle-exit=5",
    ]);
    assertEquals(code, 0, stderr);
    assertEquals(parseRecords(stdout).map((record) => record.event), [event]);
    assertStringIncludes(
      stderr,
      `the GUID ${guid}, and this registry knows no GUIDs`,
    );
    assertEquals(await committedOffsets(bench), { 0: 2 });
  },
);
