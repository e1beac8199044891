/**
 * The check of downloaded programs against the project's own digests.
 *
 * @module
 */

import { checkDigests } from "../../lib/engine/download.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { PipelineError } from "../../lib/base/errors.ts";
import { APICURIOS, KAFKA } from "../../lib/engine/maven.ts";
import programs from "../../lib/engine/programs.sha256" with { type: "text" };
import { shellTest } from "../support/local_engine.ts";

async function listOf(files: Record<string, string>): Promise<string> {
  const lines = Object.entries(files).map(async ([name, text]) => {
    const bytes = new TextEncoder().encode(text);
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    return `${new Uint8Array(digest).toHex()}  p-1/${name}\n`;
  });
  return (await Promise.all(lines)).join("");
}

const FILES = { "a.jar": "a", "b.jar": "b" };
const problems: [what: string, files: Record<string, string>, why: string][] = [
  ["was changed", { ...FILES, "b.jar": "B" }, "b.jar has another digest"],
  ["is missing", { "a.jar": "a" }, "b.jar is missing"],
  ["is not in the list", { ...FILES, "c.jar": "c" }, "c.jar is unknown"],
];

for (const [what, files, why] of problems) {
  shellTest(
    `checkDigests() refuses a program when a file ${what}`,
    async (folder) => {
      const list = await listOf(FILES);
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      const { message } = await assertRejects(
        () => checkDigests(folder, "p-1", list),
        PipelineError,
      );
      assertEquals(
        message,
        `The download of p-1 is not what this project has checked: ${why}`,
      );
    },
  );
}

shellTest(
  "checkDigests() accepts a program when every file is the listed one",
  async (folder) => {
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await checkDigests(folder, "p-1", await listOf(FILES));
  },
);

Deno.test("programs.sha256 has digests of all programs, and of no other", () => {
  const lines = programs.trim().split("\n");
  assertEquals(
    lines.filter((line) => !/^[0-9a-f]{64} {2}[\w.-]+\/[\w.+-]+$/.test(line)),
    [],
  );
  assertEquals(
    [...new Set(lines.map((line) => line.slice(66).split("/")[0]))].sort(),
    [...APICURIOS, KAFKA].map(({ folder }) => folder).sort(),
  );
});
