/**
 * Tests that start local engines of their own: ignored, with the reason in the name, where permissions or Java are missing.
 *
 * @module
 */

import { javaProblem } from "../../lib/engine/choose.ts";
import { checkoutFolder, engineFolder } from "../../lib/engine/paths.ts";
import { permittedTest } from "./permissions.ts";
import { scratchFolder } from "./scratch_folder.ts";

const SHELL: Deno.PermissionDescriptor = { name: "run", command: "sh" };

/** What starting a local engine needs. */
const NEEDS: readonly Deno.PermissionDescriptor[] = [
  { name: "read", path: checkoutFolder() },
  { name: "write", path: engineFolder() },
  { name: "net", host: "localhost" },
  { name: "net", host: "127.0.0.1" },
  { name: "sys", kind: "hostname" },
  { name: "run", command: "java" },
  { name: "run", command: "mvn" },
  { name: "run", command: "tar" },
  { name: "env" },
  SHELL,
];

const granted = NEEDS.every((need) =>
  Deno.permissions.querySync(need).state === "granted"
);
const problem = granted ? await javaProblem() : undefined;

/**
 * Registers a test that starts a local engine.
 *
 * @param name What it shows.
 * @param fn The test.
 */
export function localEngineTest(
  name: string,
  fn: (context: Deno.TestContext) => Promise<void>,
): void {
  if (problem === undefined) permittedTest(name, NEEDS, fn);
  else Deno.test({ name: `${name} (${problem})`, ignore: true, fn });
}

/**
 * Registers a test that asks the shell about processes and writes files of its own.
 *
 * @param name What it shows.
 * @param fn The test, given a folder that is removed after it.
 */
export function shellTest(
  name: string,
  fn: (folder: string) => Promise<void> | void,
): void {
  permittedTest(
    name,
    [...NEEDS.slice(0, 4), SHELL],
    async () => {
      await using folder = await scratchFolder();
      await fn(folder.path);
    },
  );
}
