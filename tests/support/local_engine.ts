/**
 * Tests that start local engines of their own: ignored, with the reason in the name, where permissions or Java are missing.
 *
 * @module
 */

import { javaProblem } from "../../lib/engine/choose.ts";
import { checkoutFolder, engineFolder } from "../../lib/engine/paths.ts";
import { permittedTest } from "./permissions.ts";

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
  fn: (folder: string) => Promise<void>,
): void {
  permittedTest(
    name,
    [...NEEDS.slice(0, 4), SHELL],
    async () => {
      const parent = `${engineFolder()}/tmp`;
      await Deno.mkdir(parent, { recursive: true });
      const folder = await Deno.makeTempDir({ dir: parent, prefix: "test-" });
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

/**
 * Waits until something holds.
 *
 * @param what What it is, for the error.
 * @param holds Tells whether it holds.
 * @param timeout How long to wait at most, in milliseconds.
 * @throws {Error} If it does not hold in time.
 */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  timeout = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!await holds()) {
    if (Date.now() > deadline) {
      throw new Error(`Not within ${timeout} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
