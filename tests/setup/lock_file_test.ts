/**
 * Deno's copy of the lock file: what replaces it and what does not.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { LOCK_COPY, updateLockCopy } from "../../lib/setup/lock_file.ts";
import config from "../../deno.json" with { type: "json" };
import lockText from "../../deno.lock" with { type: "text" };
import { permittedTest } from "../support/permissions.ts";

const COMMITTED = {
  version: "5",
  specifiers: { "npm:a@1": "1.0.0" },
  npm: { "a@1.0.0": { integrity: "sha512-a" } },
};

const cases: [what: string, copy: unknown, replaced: boolean][] = [
  ["there is none", undefined, true],
  ["it is the same", COMMITTED, false],
  [
    "Deno added to it",
    {
      ...COMMITTED,
      specifiers: { ...COMMITTED.specifiers, "jsr:@b/c@1": "1.0.0" },
      jsr: { "@b/c@1.0.0": { integrity: "b" } },
      npm: { ...COMMITTED.npm, "d@1.0.0": { integrity: "sha512-d" } },
    },
    false,
  ],
  ["it lacks a package", { ...COMMITTED, npm: {} }, true],
  [
    "it has another version",
    { ...COMMITTED, specifiers: { "npm:a@1": "1.0.1" } },
    true,
  ],
  [
    "it has another checksum",
    { ...COMMITTED, npm: { "a@1.0.0": { integrity: "sha512-x" } } },
    true,
  ],
];

for (const [what, copy, replaced] of cases) {
  permittedTest(
    `updateLockCopy() ${replaced ? "replaces" : "keeps"} the copy when ${what}`,
    [{ name: "read" }, { name: "write", path: "/tmp" }],
    async () => {
      const folder = await Deno.makeTempDir({ prefix: "lock_file_test_" });
      try {
        const root = new URL(`file://${folder}/`);
        const committed = JSON.stringify(COMMITTED);
        await Deno.writeTextFile(`${folder}/deno.lock`, committed);
        const before = JSON.stringify(copy);
        if (copy !== undefined) {
          await Deno.writeTextFile(`${folder}/${LOCK_COPY}`, before);
        }
        assertEquals(await updateLockCopy(root), replaced);
        assertEquals(
          await Deno.readTextFile(`${folder}/${LOCK_COPY}`),
          replaced ? committed : before,
        );
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

Deno.test("deno.json names the copy that updateLockCopy() writes", () => {
  assertEquals(config.lock, LOCK_COPY);
});

const pinned: { specifiers: Record<string, string> } = JSON.parse(lockText);

Deno.test("deno.lock pins nothing that only tests need", () => {
  const tests: string[] = Object.values(config.scopes["./tests/"]);
  const pins = Object.keys(pinned.specifiers);
  assertEquals(
    pins.filter((each) => tests.includes(each)).sort(),
    tests.filter((each) => /^npm:(ajv|kafkajs|postgres)@/.test(each)).sort(),
  );
});

permittedTest(
  "a task needs no package of npm that deno.lock does not pin",
  [{ name: "run", command: "deno" }, { name: "write", path: "/tmp" }],
  async () => {
    // A copy of its own: Deno adds to a lock file what is missing.
    const lock = await Deno.makeTempFile({ prefix: "lock_file_test_" });
    try {
      const { npm } = JSON.parse(lockText);
      const tasks = ["up", "demo", "topic", "produce", "consume", "dlq"]
        .concat("schema", "group", "peek", "doctor");
      for (const task of tasks) {
        await Deno.writeTextFile(lock, lockText);
        const { stdout } = await new Deno.Command("deno", {
          args: ["info", "--json", `--lock=${lock}`, `tasks/${task}.ts`],
          cwd: new URL("../../", import.meta.url),
          stdin: "null",
        }).output();
        const { npmPackages } = JSON.parse(new TextDecoder().decode(stdout));
        const names = Object.keys(npmPackages);
        assert(names.some((name) => name.startsWith("kafkajs@")), `${names}`);
        assertEquals(names.filter((name) => !(name in npm)), [], task);
      }
    } finally {
      await Deno.remove(lock);
    }
  },
);
