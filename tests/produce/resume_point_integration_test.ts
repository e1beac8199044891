/**
 * A file of orders that is gone on with after any end of `deno task produce`, down to SIGKILL, on a real Kafka.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { checkoutFolder } from "../../lib/engine/paths.ts";
import { withAdmin } from "../support/kafkajs.ts";
import { consume } from "../../lib/consume/consume.ts";
import { orders } from "../../lib/events/order.ts";
import { produceItems } from "../../lib/produce/produce.ts";
import {
  openResumePoint,
  RESUME_FOLDER,
} from "../../lib/produce/resume_point.ts";
import { InputFile } from "../../lib/produce/sources/file.ts";
import { fileEvents } from "../../lib/produce/sources/file_events.ts";
import type { SourceItem } from "../../lib/produce/sources/source.ts";
import { withoutDuration } from "../support/captured_output.ts";
import { type Bench, integrationTest } from "../support/integration.ts";
import {
  runTaskProcess,
  type TaskOptions,
  TaskProcess,
} from "../support/task_process.ts";
import { makeOrder, makeTopic } from "../support/topics.ts";
import { eventually } from "../support/eventually.ts";

const CUSTOMERS = ["Diana Martinez", "Charlie Davis", "Bob Smith"];

interface Files {
  /** The path of the orders, from the checkout's folder. */
  readonly path: string;
  /** What `--resume` is given. */
  readonly name: string;
  /** Where that is. */
  readonly state: string;
}

/** Registers a test whose files lie where the task may write; they are removed afterwards. */
function resumeTest(
  name: string,
  fn: (bench: Bench, files: Files) => Promise<void>,
): void {
  integrationTest(name, async (bench) => {
    const folder = `${checkoutFolder()}/${RESUME_FOLDER}`;
    const files = {
      path: `${RESUME_FOLDER}/${bench.topic}.ndjson`,
      name: bench.topic,
      state: `${folder}/${bench.topic}`,
    };
    await Deno.mkdir(folder, { recursive: true });
    try {
      await fn(bench, files);
    } finally {
      for (const { name } of [...Deno.readDirSync(folder)]) {
        if (name.startsWith(bench.topic)) {
          await Deno.remove(`${folder}/${name}`);
        }
      }
      // Whoever uses the folder otherwise has files in it.
      await Deno.remove(folder).catch(() => {});
    }
  });
}

/** A line of an order without an id, which is made from the line then. */
function lineOf(n: number, changes: object = {}): string {
  const { event_id: _, ...order } = makeOrder({
    customer_name: CUSTOMERS[n % CUSTOMERS.length] ?? "",
    drink_name: `Latte ${n}`,
  });
  return JSON.stringify({ ...order, ...changes });
}

async function writeOrders(
  { path }: Files,
  lines: readonly string[],
): Promise<void> {
  await Deno.writeTextFile(
    `${checkoutFolder()}/${path}`,
    lines.map((line) => `${line}\n`).join(""),
  );
}

/** The ids that the file's orders have when all of it is sent at once. */
async function idsOf({ path }: Files): Promise<string[]> {
  const file = await InputFile.find(`${checkoutFolder()}/${path}`);
  const ids: string[] = [];
  for await (const { value } of fileEvents(orders, file)) {
    if (typeof value === "object" && value !== null && "event_id" in value) {
      ids.push(String(value.event_id));
    }
  }
  return ids;
}

async function sentIds({ config, topic, group }: Bench): Promise<string[]> {
  const ids: string[] = [];
  await consume(orders, ({ event }) => void ids.push(event.event_id), {
    config,
    topic,
    group: `${group}-${crypto.randomUUID()}`,
    idleExitMs: 500,
  });
  return ids;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function argsOf({ topic }: Bench, { path, name }: Files): string[] {
  return [`--topic=${topic}`, `--file=${path}`, `--resume=${name}`];
}

function produce(
  bench: Bench,
  files: Files,
  args: readonly string[] = [],
  options?: TaskOptions,
) {
  return runTaskProcess(
    bench.config,
    "produce",
    [...argsOf(bench, files), ...args],
    options,
  );
}

function readState({ state }: Files): { offset: number; line: number } {
  return JSON.parse(Deno.readTextFileSync(state));
}

resumeTest(
  "produce --resume loses no line when it is killed at random moments, goes on behind what was sent, and makes the same ids",
  async (bench, files) => {
    await makeTopic(bench);
    const count = 120_000;
    await writeOrders(
      files,
      Array.from({ length: count }, (_, n) => lineOf(n)),
    );
    const expected = await idsOf(files);
    assertEquals(new Set(expected).size, count);

    // A reader finds no file, or a whole one, whenever it looks.
    const lineNow = () => exists(files.state) ? readState(files).line : 0;
    let line = 0;
    let kills = 0;
    for (let code = -1; kills < 2 && code !== 0;) {
      await using task = new TaskProcess(
        bench.config,
        "produce",
        argsOf(bench, files),
      );
      await task.until(/^Delivered: /m);
      await eventually("progress", () => lineNow() > line, { intervalMs: 1 });
      const moment = Date.now() + Math.random() * 300;
      await eventually(
        "the moment",
        () => lineNow() > 0 && Date.now() > moment,
        { intervalMs: 1 },
      );
      task.signal("SIGKILL");
      const ended = await task.end();
      code = ended.code;
      assertEquals(
        /^Continuing after line (\d+), /m.exec(ended.stdout)?.[1],
        line > 0 ? String(line) : undefined,
      );
      line = lineNow();
      if (code !== 0) kills++;
    }
    assert(kills > 0, "It was over before it could be killed");
    const last = await produce(bench, files, ["--quiet"]);
    assertEquals(last.code, 0);
    assertMatch(
      withoutDuration(last.stderr),
      /^(?:Delivered .* left\.\n)*Delivered [\d,]+ events?\.\n$/,
    );
    assertMatch(
      last.stdout,
      new RegExp(`^Continuing after line ${line}, `, "m"),
    );
    const { size } = await Deno.stat(`${checkoutFolder()}/${files.path}`);
    const { offset, line: end } = readState(files);
    // The last line's break comes after the place.
    assertEquals({ offset, end }, { offset: size - 1, end: count });

    const sent = await sentIds(bench);
    assertEquals(new Set(sent), new Set(expected));
    const twice = sent.length - count;
    assert(twice < kills * count / 2, `${twice} were sent twice`);

    // Nothing is left to do.
    const again = await produce(bench, files);
    assertEquals({ code: again.code, stderr: again.stderr }, {
      code: 0,
      stderr: "",
    });
    assert(!again.stdout.includes("Delivered"), again.stdout);
    assertEquals((await sentIds(bench)).length, sent.length);
  },
);

resumeTest(
  "produce --resume doesn't name an invalid line twice, and sends lines that were added",
  async (bench, files) => {
    await makeTopic(bench, 3, { "max.message.bytes": "10000" });
    const lines = [
      lineOf(0),
      "not JSON",
      lineOf(2, { quantity: 0 }),
      "",
      // Larger than the topic takes.
      lineOf(4, { drink_name: "x".repeat(20_000) }),
      lineOf(5),
    ];
    await writeOrders(files, lines);
    const first = await produce(bench, files, ["--quiet"]);
    assertEquals(first.code, 1);
    const named = first.stderr.split("\n");
    assertMatch(named[0] ?? "", /^Line 2 was not sent: /);
    assertMatch(named[1] ?? "", /^Line 3 was not sent: /);
    assertMatch(
      named[2] ?? "",
      /^Not delivered: order \S+: The event is larger than the topic takes/,
    );
    assertEquals(
      withoutDuration(named[3] ?? ""),
      "Delivered 2 of 5 events; 1 not delivered, 2 not valid.",
    );
    const second = await produce(bench, files, ["--quiet"]);
    assertEquals(second.code, 0);
    assertEquals(withoutDuration(second.stderr), "Delivered 0 events.\n");
    await writeOrders(files, [...lines, lineOf(6)]);
    const third = await produce(bench, files, ["--json"]);
    assertEquals({ code: third.code, stderr: third.stderr }, {
      code: 0,
      stderr: "",
    });
    assertEquals(third.stdout.split("\n").length, 2);
    const ids = await idsOf(files);
    assertEquals(
      (await sentIds(bench)).sort(),
      [ids[0], ids[3], ids[4]].sort(),
    );
  },
);

resumeTest(
  "produce --resume sends again what Kafka had not acknowledged before a stop",
  async (bench, files) => {
    const { config, topic } = bench;
    await makeTopic(bench, 1);
    await writeOrders(files, [lineOf(0), lineOf(1), lineOf(2)]);
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    const resume = await openResumePoint(files.state, {
      path: files.path,
      topic,
    });
    const file = await InputFile.find(files.path);
    const { start } = resume;
    /** The topic goes while the file is read: Kafka acknowledges nothing more. */
    async function* interrupted(): AsyncGenerator<SourceItem> {
      for await (const item of fileEvents(orders, file, { start })) {
        yield item;
        if (item.number > 1) continue;
        await first.promise;
        await withAdmin(config, {}, async (admin) => {
          await admin.deleteTopics({ topics: [topic] });
          await eventually(
            "the topic is gone",
            async () => !(await admin.listTopics()).includes(topic),
          );
        });
      }
    }
    const summary = await produceItems(orders, interrupted(), {
      config,
      topic,
      resume,
      signal: stop.signal,
      notify: () => stop.abort(),
      observer: { delivered: () => first.resolve() },
    });
    assertEquals(summary, {
      delivered: 1,
      failed: 2,
      invalid: 0,
      complete: true,
    });
    assertEquals(readState(files).line, 1);

    await makeTopic(bench, 1);
    const { code, stderr } = await produce(bench, files);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await sentIds(bench), (await idsOf(files)).slice(1));
  },
);

resumeTest(
  "produce --resume refuses another file, one that lost its end, standard input, and a place where it may not write",
  async (bench, files) => {
    await makeTopic(bench, 1);
    const lines = [lineOf(0), lineOf(1), lineOf(2)];
    await writeOrders(files, lines);
    assertEquals((await produce(bench, files)).code, 0);
    const state = await Deno.readTextFile(files.state);
    for (const changed of [lines.slice(0, 2), lines.toReversed()]) {
      await writeOrders(files, changed);
      const { code, stdout, stderr } = await produce(bench, files);
      assertEquals({ code, stdout }, { code: 1, stdout: "" });
      assertEquals(
        stderr,
        `Error: ${RESUME_FOLDER}/${files.name} belongs to another file than ${files.path}, or that file has changed\n` +
          `  To send all of it, remove ${RESUME_FOLDER}/${files.name}.\n`,
      );
      assertEquals(await Deno.readTextFile(files.state), state);
    }
    const stdin = await produce(bench, { ...files, path: "-" });
    assertEquals({ code: stdin.code, stdout: stdin.stdout }, {
      code: 2,
      stdout: "",
    });
    assertMatch(stdin.stderr, /standard input can't be read again/);
    const noFile = await runTaskProcess(bench.config, "produce", [
      `--topic=${bench.topic}`,
      `--resume=${files.name}`,
    ]);
    assertEquals(noFile.code, 2);
    assertMatch(noFile.stderr, /--resume goes with --file/);
    const elsewhere = await produce(bench, {
      ...files,
      name: "/tmp/elsewhere",
    });
    assertEquals(elsewhere.code, 1);
    assertMatch(
      elsewhere.stderr,
      /^Error: No permission to keep \/tmp\/elsewhere\n/,
    );
    assertEquals((await sentIds(bench)).length, lines.length);
  },
);
