/**
 * The file of rejected records.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { InvalidEventError, PipelineError } from "../../lib/base/errors.ts";
import { openRejects } from "../../lib/produce/rejects.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const error = new InvalidEventError("no");

/** A path for a file of rejects, in a folder that is removed at the end. */
async function withPath(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rejects-" });
  try {
    await work(`${folder}/bad.ndjson`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs once: each record is rejected. */
async function reject(
  path: string,
  { after, records }: {
    readonly after: number | undefined;
    readonly records: readonly (readonly [number: number, text: string])[];
  },
): Promise<void> {
  const file = await openRejects(path, { source: "-", after });
  for (const [number, text] of records) {
    file.add({ number, original: bytes(text) }, error);
  }
  await file.close();
}

Deno.test("A file of rejects keeps a record once that a run rejects again after a crash", async () => {
  await withPath(async (path) => {
    await reject(path, { after: 0, records: [[1, "a"], [5, "b"], [9, "c"]] });
    // All up to 3 was delivered: 5 and 9 come again, and 9 has changed since.
    await reject(path, { after: 3, records: [[5, "b"], [9, "d"], [10, "b"]] });
    assertEquals(await Deno.readTextFile(path), "a\nb\nc\nd\nb\n");
    const reasons = (await Deno.readTextFile(`${path}.reasons.ndjson`))
      .trimEnd().split("\n").map((line) => JSON.parse(line).number);
    assertEquals(reasons, [1, 5, 9, 9, 10]);
  });
});

Deno.test("A file of rejects begins a line of its own behind one that was cut off", async () => {
  await withPath(async (path) => {
    await Deno.writeTextFile(path, "a");
    await Deno.writeTextFile(`${path}.reasons.ndjson`, '{"number":1,"rea');
    await reject(path, { after: 0, records: [[1, "a"], [2, "b"]] });
    assertEquals(await Deno.readTextFile(path), "a\na\nb\n");
  });
});

Deno.test("openRejects() refuses to replace what an earlier run has rejected", async () => {
  await withPath(async (path) => {
    await reject(path, { after: undefined, records: [[1, "a"]] });
    await assertRejects(
      () => openRejects(path, { source: "-", after: undefined }),
      PipelineError,
      "holds something already",
    );
    assertEquals(await Deno.readTextFile(path), "a\n");
    await Deno.remove(path);
    await reject(path, { after: undefined, records: [[2, "b"]] });
    assertEquals(await Deno.readTextFile(path), "b\n");
    assertEquals(
      JSON.parse(await Deno.readTextFile(`${path}.reasons.ndjson`)).number,
      2,
    );
  });
});
