/**
 * What becomes of a run when the reader of its output is slow, stops reading, or goes away: on a real Kafka.
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
import { withAdmin } from "../support/kafkajs.ts";
import { eventually } from "../support/eventually.ts";
import { memberIds } from "../support/groups.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import { STOP_LIMIT_MS } from "../support/patience.ts";
import { withoutDuration } from "../support/captured_output.ts";
import { runCommand } from "../support/command.ts";
import {
  commandOf,
  netFlag,
  runTaskProcess,
  type TaskOptions,
  TaskProcess,
} from "../support/task_process.ts";
import {
  committedOffsets,
  encodeOrders,
  makeOrder,
  makeTopic,
  parseRecords,
  sendRaw,
} from "../support/topics.ts";

/** More events than a pipe, a write under way and the queue behind it hold together. */
const COUNT = 5_000;
/** How long a member of a group may be silent: `session.timeout.ms`. */
const SESSION_MS = 10_000;

async function sendEvents(bench: Bench): Promise<void> {
  const events = Array.from({ length: COUNT }, () => makeOrder());
  const values = await encodeOrders(bench, events);
  await sendRaw(
    bench.config,
    bench.topic,
    values.map((value) => ({ key: null, value })),
  );
}

/** Starts a consumer whose standard output nobody reads, and waits until it has committed the first of many events. */
async function startStalled(
  bench: Bench,
  args: readonly string[],
): Promise<TaskProcess> {
  const task = startConsumer(bench, ["--json", ...args], { unread: "stdout" });
  const { config, group } = bench;
  await eventually(
    "a member",
    async () => (await memberIds(config, group)).length > 0,
  );
  // Their schema is a new one, for which the first of them waits. It is written alone, and the others are more than a pipe takes.
  await sendEvents(bench);
  await eventually("a commit", async () => await committedOf(bench) > 0);
  return task;
}

function startConsumer(
  { config, topic, group }: Bench,
  args: readonly string[],
  options: TaskOptions,
): TaskProcess {
  const named = [`--topic=${topic}`, `--group=${group}`, ...args];
  return new TaskProcess(config, "consume", named, options);
}

async function committedOf(bench: Bench): Promise<number> {
  const { 0: committed = 0 } = await committedOffsets(bench);
  return committed;
}

/** How many messages the topic has. */
async function messagesIn({ config, topic }: Bench): Promise<number> {
  const ends = await withAdmin(
    config,
    {},
    (admin) => admin.fetchTopicOffsets(topic),
  );
  return ends.reduce((sum, { high }) => sum + Number(high), 0);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  integrationTest(
    `consume ends within 10 s and has committed only what it wrote when its reader has stopped reading and ${signal} comes`,
    async (bench) => {
      await makeTopic(bench, 1);
      await using task = await startStalled(bench, []);
      const signalled = Date.now();
      task.signal(signal);
      assertEquals(await task.exited, 0);
      const took = Date.now() - signalled;
      assert(took < STOP_LIMIT_MS, `It took ${took} ms`);
      task.readAll();
      const { stdout, stderr } = await task.end();
      assertMatch(
        withoutDuration(stderr),
        // The reader may have made it wait for longer than the session.
        /^(?:The handler takes longer than [^\n]*\n)?Consumed [\d,]+ events?; stopped before the rest; the reader of the output has stopped reading\.\n$/,
      );
      const shown = stdout.split("\n").length - 1;
      const committed = await committedOf(bench);
      assert(shown < COUNT, "It was over before the signal came");
      assert(committed <= shown, `${committed} committed, ${shown} shown`);
      await withAdmin(bench.config, {}, async (admin) => {
        const { groups } = await admin.describeGroups([bench.group]);
        assertEquals(groups[0]?.state, "Empty");
      });
    },
  );
}

integrationTest(
  "consume keeps its place in the group and shows each event once when its reader pauses for longer than the session",
  async (bench) => {
    await makeTopic(bench, 1);
    await using task = await startStalled(bench, [`--count=${COUNT}`]);
    await new Promise((resolve) => setTimeout(resolve, SESSION_MS + 1_000));
    assert(await committedOf(bench) < COUNT, "The reader held nothing up");
    task.readAll();
    const { code, stdout, stderr } = await task.end();
    assertEquals(code, 0);
    // The wait is announced once, and heartbeats go on.
    assertMatch(stderr, /^The handler takes longer than [^\n]*\n$/);
    assertEquals(
      parseRecords(stdout).map(({ offset }) => Number(offset)),
      Array.from({ length: COUNT }, (_, offset) => offset),
    );
    assertEquals(await committedOf(bench), COUNT);
  },
);

integrationTest(
  "consume goes on and ends when the reader of its standard error has stopped reading",
  async (bench) => {
    await makeTopic(bench, 1);
    const bad = Array.from({ length: 2_000 }, () => Buffer.from("bad"));
    await sendRaw(
      bench.config,
      bench.topic,
      [...bad, ...await encodeOrders(bench, [makeOrder()])].map((value) => ({
        key: null,
        value,
      })),
    );
    const args = ["--json", "--count=1"];
    await using task = startConsumer(bench, args, { unread: "stderr" });
    assertEquals(await task.exited, 0);
    task.readAll();
    const { stdout, stderr } = await task.end();
    assertEquals(parseRecords(stdout).length, 1);
    assert(stderr.length < 500_000, `${stderr.length} characters held`);
    assertEquals(await committedOf(bench), bad.length + 1);
  },
);

integrationTest(
  "produce waits for its reader, and ends within 10 s when that has stopped reading and SIGTERM comes",
  async (bench) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    const count = 500_000;
    await using task = new TaskProcess(
      config,
      "produce",
      [`--topic=${topic}`, `--count=${count}`, "--interval=0", "--json"],
      { unread: "stdout" },
    );
    let sent = -1;
    // It has stopped sending once the number stays the same.
    for (let now = 0; now === 0 || now !== sent;) {
      sent = now;
      await new Promise((resolve) => setTimeout(resolve, 500));
      now = await messagesIn(bench);
    }
    const signalled = Date.now();
    task.signal("SIGTERM");
    assertEquals(await task.exited, 0);
    const took = Date.now() - signalled;
    assert(took < STOP_LIMIT_MS, `It took ${took} ms`);
    assert(sent < count, "Its reader held nothing up");
    task.readAll();
    const { stderr } = await task.end();
    const delivered = await messagesIn(bench);
    assertEquals(
      withoutDuration(stderr).replaceAll(",", ""),
      `Delivered ${delivered} of ${count} events; stopped before the rest.\n`,
    );
  },
);

integrationTest(
  "produce, consume and dlq print nothing but the reason when the topic is not one of events",
  async ({ config }) => {
    for (
      const [task, topic, reason] of [
        ["produce", "__consumer_offsets", "is internal to Kafka"],
        ["produce", "demo.dlq", "is for dead letters"],
        ["consume", "demo.dlq", "is for dead letters"],
        ["dlq", "demo.dlq", "is for dead letters"],
      ] as const
    ) {
      const args = [`--topic=${topic}`];
      const { code, stdout, stderr } = await runTaskProcess(config, task, args);
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
      assertStringIncludes(stderr, `Error: Topic '${topic}' ${reason}\n`);
    }
    const args = ["--topic=two words"];
    const illegal = await runTaskProcess(config, "consume", args);
    assertEquals([illegal.code, illegal.stdout], [2, ""]);
  },
);

/** Runs a program in a terminal, closes the terminal once it shows a text, and prints the program's exit code. */
const CLOSE_TERMINAL = `
import os, pty, sys
text, *program = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(program[0], program)
seen = b""
while text.encode() not in seen:
    seen += os.read(terminal, 65536)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const python = await Deno.permissions.query({
  name: "run",
  command: "python3",
});

if (python.state === "granted") {
  integrationTest(
    "consume ends cleanly when its terminal is closed in full flow",
    async (bench) => {
      await makeTopic(bench, 1);
      await sendEvents(bench);
      const { topic, group, config } = bench;
      const { flags, script } = commandOf("consume");
      const args = [`--topic=${topic}`, `--group=${group}`];
      const { stdout, stderr } = await runCommand(
        // deno-fmt-ignore
        ["python3", "-c", CLOSE_TERMINAL, "Message #1000\r\n", "deno", ...flags, netFlag(config), script, ...args],
      );
      assertEquals(stderr, "");
      assertEquals(new TextDecoder().decode(stdout), "0\n");
      const committed = await committedOf(bench);
      assert(committed > 0 && committed < COUNT, `${committed} committed`);
      await withAdmin(config, {}, async (admin) => {
        const { groups } = await admin.describeGroups([group]);
        assertEquals(groups[0]?.state, "Empty");
      });
    },
  );
} else {
  Deno.test.ignore(
    "consume ends cleanly when its terminal is closed (needs python3)",
    () => {},
  );
}
