/**
 * Tests of events that the program does not know: a JSON Schema in a file defines them, on a real Kafka and a real registry.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { consume, type EventRecord, produce } from "../../lib/mod.ts";
import { frame } from "../../lib/events/wire_format.ts";
import { parseSchema, schemaEvent } from "../../lib/events/schema_event.ts";
import { EventRegistry } from "../../lib/registry/registry.ts";
import { requestRegistry } from "../../lib/registry/transport.ts";
import { withoutDuration } from "../support/captured_output.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  type PipelineTask,
  runTaskProcess,
  type TaskOptions,
} from "../support/task_process.ts";
import { makeOrder, makeTopic, sendRaw } from "../support/topics.ts";
import { scratchFolder } from "../support/scratch_folder.ts";

/** A table that was booked: with nested objects, an array, enums and an optional field. */
const BOOKING = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Booking",
  type: "object",
  properties: {
    booking_id: { type: "string", minLength: 1 },
    guest: {
      type: "object",
      properties: {
        name: { type: "string" },
        contact: {
          type: "object",
          properties: { email: { type: "string" } },
          required: ["email"],
          additionalProperties: false,
        },
      },
      required: ["name", "contact"],
      additionalProperties: false,
    },
    party: { type: "integer", minimum: 1, maximum: 20 },
    area: { enum: ["inside", "terrace"] },
    extras: { type: "array", items: { enum: ["high chair", "dog bowl"] } },
    note: { type: ["string", "null"] },
    deposit: { type: "number", minimum: 0 },
  },
  required: ["booking_id", "guest", "party", "area", "extras"],
  additionalProperties: false,
};

const SOUND = {
  booking_id: "b-1",
  guest: { name: "Bob Smith", contact: { email: "bob@example.com" } },
  party: 4,
  area: "terrace",
  extras: ["high chair"],
};

/** A folder with the schema, where tasks may read; removed at the end. */
async function withSchema(
  schema: object,
  work: (path: string) => Promise<void>,
): Promise<void> {
  await using folder = await scratchFolder();
  const path = `${folder.path}/booking.schema.json`;
  await Deno.writeTextFile(path, JSON.stringify(schema, null, 2));
  await work(path);
}

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

function deadLetters(stderr: string): string[] {
  return stderr.match(/(?<=^Can't read message .*: ).*$/gm) ?? [];
}

integrationTest(
  "an event that the program doesn't know goes through every command by its schema alone",
  async (bench) => {
    await withSchema(BOOKING, async (path) => {
      const kind = [`--schema=${path}`, "--key-field=guest.contact.email"];
      assertEquals((await run(bench, "topic", [])).code, 0);

      const random = await run(bench, "produce", [
        ...kind,
        "--count=5",
        "--interval=0",
        "--seed=1",
      ]);
      assertEquals([random.code, random.stderr], [0, ""]);
      assertMatch(
        random.stdout,
        /^Generating and sending 5 random booking events/m,
      );
      assertMatch(random.stdout, /^Event 5: booking_id: .*, guest: \{/m);

      const table = [
        "booking_id,guest.name,guest.contact.email,party,area,extras,note,deposit",
        'b-1,Bob Smith,bob@example.com,4,terrace,"[""high chair""]",,12.50',
        "b-2,Bob Smith,bob@example.com,0,roof,[],,",
      ];
      const sent = await run(bench, "produce", [
        ...kind,
        "--file=-",
        "--format=csv",
        "--json",
      ], { input: table.join("\n") });
      assertEquals(
        withoutDuration(sent.stderr),
        'Row 3 was not sent: Not a valid booking: party must be >= 1: 0; area must be equal to one of the allowed values: "roof" (allowed: "inside", "terrace")\n' +
          "Delivered 1 of 2 events; 1 not valid.\n",
      );
      const { key, event } = JSON.parse(sent.stdout);
      assertEquals([key, event], ["bob@example.com", {
        ...SOUND,
        note: null,
        deposit: 12.5,
      }]);

      // What the schema doesn't allow, and one that a newer producer's does.
      const newer = {
        ...BOOKING,
        properties: { ...BOOKING.properties, vip: {} },
      };
      const other = { ...SOUND, party: "four" };
      const lax = { type: "object", properties: {} };
      await withSchema(newer, async (path) => {
        const { code, stderr } = await run(bench, "produce", [
          `--schema=${path}`,
          "--file=-",
        ], { input: JSON.stringify({ ...SOUND, vip: true }) });
        assertEquals([code, stderr], [0, ""]);
      });
      const laxTopic = { ...bench, topic: `${bench.topic}-lax` };
      await makeTopic(laxTopic);
      await withSchema(lax, async (path) => {
        for (const input of [JSON.stringify(SOUND), JSON.stringify(other)]) {
          const { code, stderr } = await run(laxTopic, "produce", [
            `--schema=${path}`,
            "--file=-",
          ], { input });
          assertEquals([code, stderr], [0, ""]);
        }
      });

      // Shown with no schema at hand: the registry has it.
      const shown = await run(bench, "consume", ["--count=7"]);
      assertEquals([shown.code, shown.stderr], [0, ""]);
      assertStringIncludes(
        shown.stdout,
        `        ├─ guest: {"name":"Bob Smith","contact":{"email":"bob@example.com"}}
        ├─ party: 4
        ├─ area: terrace
        ├─ extras: ["high chair"]
        ├─ note: null
        └─ deposit: 12.5
`,
      );
      assertStringIncludes(shown.stdout, "└─ vip: true\n");
      const all = await run(
        { ...laxTopic, group: `${bench.group}-3` },
        "consume",
        ["--schema=-", "--idle-exit=0.5"],
        { input: JSON.stringify(BOOKING) },
      );
      assertStringIncludes(all.stdout, "├─ booking_id: b-1\n");
      assertEquals(deadLetters(all.stderr), [
        `Not a valid ${laxTopic.topic}: party must be integer: "four"`,
      ]);

      const fixed = await run(laxTopic, "dlq", ["list", "--json"]);
      assertMatch(fixed.stdout, /party must be integer/);
      const peeked = await run(bench, "peek", ["--last=1", "--json"]);
      assertEquals(JSON.parse(peeked.stdout).topic, bench.topic);

      // What was set aside is fixed by the schema too.
      const id = await register(bench, `${bench.topic}-value`, {
        schemaType: "JSON",
        schema: JSON.stringify(BOOKING),
      });
      await sendRaw(bench.config, bench.topic, [
        { value: Buffer.from(frame(id, JSON.stringify(other))) },
      ]);
      await run(bench, "consume", ["--idle-exit=0.5"]);
      const listed = await run(bench, "dlq", ["list", "--json"]);
      const { origin } = JSON.parse(listed.stdout);
      const edited = await runTaskProcess(bench.config, "dlq", [
        "edit",
        `${origin.topic}/${origin.partition}/${origin.offset}`,
        `--schema=${path}`,
      ], {
        input: JSON.stringify(SOUND),
        read: [dirname(path), ".offline", ".secrets", "lib"],
      });
      assertEquals([edited.code, edited.stderr], [0, ""]);
      const again = await run(bench, "consume", ["--idle-exit=0.5"]);
      assertStringIncludes(again.stdout, "├─ booking_id: b-1\n");
    });
  },
);

integrationTest(
  "an event that the program doesn't know goes through the library by its schema alone",
  async (bench) => {
    const { config, topic, group } = bench;
    await makeTopic(bench);
    const bookings = schemaEvent(parseSchema(JSON.stringify(BOOKING), "a"), {
      name: "booking",
      topic,
      keyField: "booking_id",
    });
    const timestamp = Date.parse("2026-02-03T02:16:55.763Z");
    const records = [SOUND, {
      event: SOUND,
      key: "own",
      timestamp,
      headers: [["a", "1"]] as const,
    }];
    const summary = await produce(bookings, records, { config });
    assertEquals(summary.delivered, 2);
    const found = new Map<string | null, EventRecord<unknown>>();
    await consume(bookings, (record) => void found.set(record.key, record), {
      config,
      group,
      count: 2,
    });
    assertEquals(found.get("b-1")?.event, SOUND);
    const own = found.get("own");
    assertEquals([own?.event, own?.timestamp], [SOUND, timestamp]);
    assertEquals(own?.headers.length, 1);
  },
);

integrationTest(
  "a schema that refers to other subjects is registered with its references, and both ends check by them",
  async (bench) => {
    const { topic } = bench;
    await makeTopic(bench);
    const subject = `${topic}-guest`;
    const body = {
      schemaType: "JSON",
      schema: JSON.stringify(BOOKING.properties.guest),
    };
    await register(bench, subject, body);
    const schema = {
      type: "object",
      properties: {
        id: { type: "string" },
        guest: { $ref: subject },
        name: { $ref: `${subject}#/properties/name` },
      },
      required: ["id", "guest"],
      additionalProperties: false,
    };
    await withSchema(schema, async (path) => {
      const kind = [`--schema=${path}`, "--key-field=id"];
      const lines = [
        { id: "1", guest: SOUND.guest, name: "Bob" },
        { id: "2", guest: { name: "Bob" } },
      ];
      const sent = await run(
        bench,
        "produce",
        [...kind, "--file=-", "--quiet"],
        {
          input: lines.map((line) => JSON.stringify(line)).join("\n"),
        },
      );
      assertEquals(
        withoutDuration(sent.stderr),
        "Line 2 was not sent: Not a valid booking: guest must have required property 'contact'\n" +
          "Delivered 1 of 2 events; 1 not valid.\n",
      );
      const random = await run(bench, "produce", [
        ...kind,
        "--count=3",
        "--interval=0",
      ]);
      assertEquals([random.code, random.stderr], [0, ""]);
      const input = JSON.stringify(schema);
      for (const args of [[], ["--schema=-"]]) {
        const group = `${bench.group}-${args.length}`;
        const { code, stdout, stderr } = await run(
          { ...bench, group },
          "consume",
          [...args, "--count=4"],
          { input },
        );
        assertEquals([code, stderr], [0, ""]);
        assertStringIncludes(stdout, `guest: ${JSON.stringify(SOUND.guest)}`);
      }
      for (const word of ["check", "register"]) {
        const { code, stdout } = await runTaskProcess(bench.config, "schema", [
          word,
          path,
          `--subject=${topic}-value`,
        ]);
        assertEquals(code, 0);
        assertStringIncludes(stdout, "has this schema already: version 1");
      }
      const answer = await requestRegistry(
        "get",
        `${await registryUrl(bench)}/subjects/${topic}-value/versions/latest`,
      ) as { references: unknown };
      assertEquals(answer.references, [{ name: subject, subject, version: 1 }]);
    });
  },
);

integrationTest(
  "consume shows any event of a topic when no kind is named, and the known ones in their own form",
  async (bench) => {
    await makeTopic(bench, 1);
    const order = makeOrder({ customer_name: "Diana Martinez" });
    await run(bench, "produce", ["--file=-"], { input: JSON.stringify(order) });
    const id = await register(bench, `${bench.topic}-booking-value`, {
      schemaType: "JSON",
      schema: JSON.stringify(BOOKING),
    });
    await sendRaw(bench.config, bench.topic, [
      { value: Buffer.from(frame(id, JSON.stringify(SOUND))) },
    ]);
    const any = await run(bench, "consume", ["--count=2"]);
    assertEquals([any.code, any.stderr], [0, ""]);
    assertStringIncludes(
      any.stdout,
      "├─ Customer: Diana Martinez (Non-Member)\n",
    );
    assertStringIncludes(any.stdout, "├─ booking_id: b-1\n");

    const group = `${bench.group}-orders`;
    const one = await run({ ...bench, group }, "consume", [
      "--event=order",
      "--idle-exit=0.5",
    ]);
    assertEquals(deadLetters(one.stderr).length, 1);
    assertStringIncludes(one.stdout, "Total messages consumed: 1\n");
  },
);

integrationTest(
  "produce and consume refuse a schema that can't be used, and flags that contradict each other",
  async (bench) => {
    const { config, topic } = bench;
    for (
      const [input, message] of [
        ["{oops", "What standard input holds is not a JSON Schema: "],
        [
          '{"type":"record"}',
          `The schema of ${topic} is not valid: schema is invalid`,
        ],
        [
          '{"$schema":"http://example.com/own"}',
          'its "$schema" is none of the drafts',
        ],
        [
          '{"properties":{"a":{"$ref":"http://127.0.0.1:9/a.json"}}}',
          'refers to "http://127.0.0.1:9/a.json", which is neither in it nor a subject of the registry\n  Nothing is fetched from elsewhere.',
        ],
      ] as const
    ) {
      for (const task of ["produce", "consume"] as const) {
        const { code, stderr } = await run(bench, task, ["--schema=-"], {
          input,
        });
        assertEquals(code, 1, stderr);
        assertStringIncludes(stderr, message);
      }
    }
    for (
      const [args, message] of [
        [
          ["--schema=-", `--topic=${topic}`, "--event=order"],
          "leave out --event",
        ],
        [["--schema=-"], "--schema needs --topic"],
        [["--key-field=a"], "--key-field goes with --schema"],
      ] as const
    ) {
      for (const task of ["produce", "consume"] as const) {
        const { code, stderr } = await runTaskProcess(config, task, args);
        assertEquals(code, 2, stderr);
        assertStringIncludes(stderr, message);
      }
    }
    const { code, stderr } = await run(bench, "produce", [
      "--schema=-",
      "--key-field=id",
    ], { input: '{"properties":{"idd":{}}}' });
    assertEquals(code, 1);
    assertStringIncludes(stderr, `The schema of ${topic} has no field "id"`);
  },
);

async function registryUrl({ config }: Bench): Promise<string> {
  return (await EventRegistry.connect(config)).url;
}

async function register(
  bench: Bench,
  subject: string,
  body: object,
): Promise<number> {
  const { id } = await requestRegistry(
    "post",
    `${await registryUrl(bench)}/subjects/${subject}/versions`,
    { body: JSON.stringify(body) },
  ) as { id: number };
  return id;
}
