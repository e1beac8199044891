/**
 * How far a file has been delivered: what is kept, when, and what is refused.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { PipelineError } from "../../lib/base/errors.ts";
import { openResumePoint } from "../../lib/produce/resume_point.ts";
import type { FilePlace } from "../../lib/produce/sources/record.ts";
import { permittedTest } from "../support/permissions.ts";
import { eventually } from "../support/eventually.ts";

const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "read", path: "/tmp" },
  { name: "write", path: "/tmp" },
  { name: "run", command: "sh" },
];
const LINES = ["first", "second", "third", "fourth"];
/** Where each of the lines ends. */
const ENDS = [6, 13, 19, 26];

interface Files {
  readonly folder: string;
  readonly orders: string;
  readonly state: string;
}

/** Registers a test with a file of four lines, and a place for the state. */
function resumeTest(name: string, fn: (files: Files) => Promise<void>): void {
  permittedTest(name, NEEDS, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const orders = `${folder}/orders.ndjson`;
      await Deno.writeTextFile(orders, LINES.join("\n") + "\n");
      await fn({ folder, orders, state: `${folder}/state` });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Begins all four lines, ends those, and closes. */
async function run({ state, orders }: Files, done: readonly number[]) {
  const point = await openResumePoint(state, { path: orders, topic: "demo" });
  for (const [i, end] of ENDS.entries()) point.begin(i + 1, end);
  for (const line of done) point.done(line);
  await point.close();
}

async function placeOf({ state, orders }: Files): Promise<FilePlace> {
  const point = await openResumePoint(state, { path: orders, topic: "demo" });
  await point.close();
  return point.start;
}

resumeTest(
  "openResumePoint() begins at the start where nothing is kept yet, and keeps nothing by itself",
  async (files) => {
    const point = await openResumePoint(files.state, {
      path: files.orders,
      topic: "demo",
    });
    assertEquals(point.start, { offset: 0, line: 0 });
    await point.close();
    const names = [...Deno.readDirSync(files.folder)].map(({ name }) => name);
    assertEquals(names, ["orders.ndjson"]);
  },
);

resumeTest(
  "A resume point goes on behind the last line before which every line is done",
  async (files) => {
    await run(files, [3, 1]);
    // The third is done, but the second isn't.
    assertEquals(await placeOf(files), { offset: 6, line: 1 });
    await run(files, [2, 4, 1, 3]);
    assertEquals(await placeOf(files), { offset: 26, line: 4 });
    assertEquals(await exists(`${files.state}.new`), false);
  },
);

resumeTest(
  "A resume point keeps nothing new where the first line isn't done",
  async (files) => {
    await run(files, [2, 3, 4]);
    assertEquals(await exists(files.state), false);
    await run(files, [1]);
    await run(files, []);
    assertEquals(await placeOf(files), { offset: 6, line: 1 });
  },
);

resumeTest(
  "A resume point's done() passes over a line that was never begun",
  async (files) => {
    const point = await openResumePoint(files.state, {
      path: files.orders,
      topic: "demo",
    });
    point.begin(2, 13);
    point.done(1);
    point.done(2);
    await point.close();
    // Blank lines are not begun: the place is the end of the last one that was.
    assertEquals(await placeOf(files), { offset: 13, line: 2 });
  },
);

resumeTest(
  "A resume point's done() saves by itself a moment later",
  async (files) => {
    const point = await openResumePoint(files.state, {
      path: files.orders,
      topic: "demo",
    });
    point.begin(1, 6);
    point.done(1);
    await eventually("the place is saved", () => exists(files.state));
    const { offset, line } = JSON.parse(await Deno.readTextFile(files.state));
    assertEquals([offset, line], [6, 1]);
    await point.close();
  },
);

resumeTest(
  "openResumePoint() refuses a second run while the first is at work, and takes it afterwards",
  async (files) => {
    const source = { path: files.orders, topic: "demo" };
    const first = await openResumePoint(files.state, source);
    await assertRejects(
      () => openResumePoint(files.state, source),
      PipelineError,
      `Another run is using ${files.state}`,
    );
    await first.close();
    await run(files, [1]);
    const names = [...Deno.readDirSync(files.folder)].map(({ name }) => name);
    assertEquals(names.toSorted(), ["orders.ndjson", "state"]);
  },
);

resumeTest(
  "openResumePoint() refuses a place that can't be written, or a link, before anything is sent",
  async (files) => {
    const { folder, orders, state } = files;
    const source = { path: orders, topic: "demo" };
    const target = `${folder}/target`;
    await Deno.writeTextFile(target, "precious");
    // Deno makes links only with unscoped permissions.
    const script = "ln -s target state && ln -s target other.lock";
    await new Deno.Command("sh", { args: ["-c", script], cwd: folder })
      .output();
    await Deno.mkdir(`${folder}/folder`);
    for (const name of [state, `${folder}/other`, `${folder}/folder`]) {
      await assertRejects(
        () => openResumePoint(name, source),
        PipelineError,
        "is not a resume file",
      );
    }
    await assertRejects(
      () => openResumePoint(`${orders}/state`, source),
      PipelineError,
      `Can't write ${orders}/state: `,
    );
    assertEquals(await Deno.readTextFile(target), "precious");
  },
);

resumeTest(
  "openResumePoint() takes a file that has grown, and refuses one that is shorter, changed, or another",
  async (files) => {
    await run(files, [1, 2]);
    const { state, orders } = files;
    await Deno.writeTextFile(orders, "fifth\n", { append: true });
    assertEquals(await placeOf(files), { offset: 13, line: 2 });
    const other = `${files.folder}/other.ndjson`;
    for (
      const [path, text] of [
        [orders, "first\nsecon\n\nthird\n"],
        [orders, "first\nsecond"],
        [orders, ""],
        [other, "other\nsecond\nthird\n"],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(
        () => openResumePoint(state, { path, topic: "demo" }),
        PipelineError,
        `${state} belongs to another file than ${path}, or that file has changed`,
      );
      assertEquals(error.hint, `To send all of it, remove ${state}.`);
    }
    // What is refused is kept.
    await Deno.writeTextFile(orders, LINES.join("\n") + "\n");
    assertEquals(await placeOf(files), { offset: 13, line: 2 });
  },
);

resumeTest(
  "openResumePoint() refuses a large file that was cut or changed in the middle, though its beginning is the same",
  async (files) => {
    const { orders, state } = files;
    const line = "x".repeat(99) + "\n";
    await Deno.writeTextFile(orders, line.repeat(100));
    const point = await openResumePoint(state, {
      path: orders,
      topic: "demo",
    });
    point.begin(80, 8_000);
    point.done(80);
    await point.close();
    assertEquals(await placeOf(files), { offset: 8_000, line: 80 });
    // One byte more in the middle: what lies before the place is no whole line any more.
    await Deno.writeTextFile(orders, line.repeat(60) + "+" + line.repeat(40));
    await assertRejects(
      () => openResumePoint(state, { path: orders, topic: "demo" }),
      PipelineError,
      "belongs to another file",
    );
    await Deno.writeTextFile(orders, line.repeat(100));
    assertEquals(await placeOf(files), { offset: 8_000, line: 80 });
    await Deno.truncate(orders, 7_999);
    await assertRejects(
      () => openResumePoint(state, { path: orders, topic: "demo" }),
      PipelineError,
      "belongs to another file",
    );
  },
);

resumeTest(
  "openResumePoint() refuses a compressed file whose content has changed anywhere",
  async (files) => {
    const { orders, state } = files;
    const lines = Array.from(
      { length: 9_000 },
      (_, i) => `${i} ${i * i * 7_919 % 104_729}\n`,
    );
    const content = lines.join("");
    const write = (text: string) =>
      Deno.writeFile(orders, new Uint8Array(gzipSync(text)));
    await write(content);
    const point = await openResumePoint(state, {
      path: orders,
      topic: "demo",
    });
    // The file is shorter than the place in its content.
    const end = content.length - 100;
    assert(Deno.statSync(orders).size < end);
    point.begin(8_000, end);
    point.done(8_000);
    await point.close();
    assertEquals(await placeOf(files), { offset: end, line: 8_000 });
    const [place, digit] = [content.length - 50_000, "x"];
    await write(content.slice(0, place) + digit + content.slice(place + 1));
    await assertRejects(
      () => openResumePoint(state, { path: orders, topic: "demo" }),
      PipelineError,
      "belongs to another file",
    );
  },
);

resumeTest(
  "openResumePoint() refuses what is no resume file, and leaves it as it is",
  async (files) => {
    const { orders, state } = files;
    const hash = "0".repeat(64);
    for (
      const text of [
        "",
        "{",
        "null",
        "[]",
        '{"offset":6,"line":1}',
        JSON.stringify({ offset: -1, line: 1, hash }),
        JSON.stringify({ offset: 6, line: -1, hash }),
        JSON.stringify({ offset: 1.5, line: 1, hash }),
        JSON.stringify({ offset: "6", line: 1, hash }),
      ]
    ) {
      await Deno.writeTextFile(state, text);
      await assertRejects(
        () => openResumePoint(state, { path: orders, topic: "demo" }),
        PipelineError,
        `${state} is not a resume file`,
      );
      assertEquals(await Deno.readTextFile(state), text);
    }
  },
);

resumeTest(
  "openResumePoint() names a file of orders that isn't there",
  async (files) => {
    await run(files, [1]);
    await Deno.remove(files.orders);
    await assertRejects(
      () => openResumePoint(files.state, { path: files.orders, topic: "demo" }),
      PipelineError,
      `No such file: ${files.orders}`,
    );
  },
);

resumeTest(
  "A resume point's close() tells what kept it from saving",
  async (files) => {
    const point = await openResumePoint(files.state, {
      path: files.orders,
      topic: "demo",
    });
    await Deno.mkdir(files.state);
    point.begin(1, 6);
    point.done(1);
    await assertRejects(
      () => point.close(),
      PipelineError,
      `Can't write ${files.state}: `,
    );
  },
);

resumeTest(
  "openResumePoint() refuses the place of another topic, whose orders would never be sent",
  async (files) => {
    await run(files, [1]);
    const { orders } = files;
    await assertRejects(
      () => openResumePoint(files.state, { path: orders, topic: "other" }),
      PipelineError,
      "belongs to topic 'demo', and not to 'other'",
    );
  },
);

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
