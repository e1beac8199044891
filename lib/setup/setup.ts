/**
 * Makes a checkout ready: stand-ins for the packages of JSR where JSR can't be reached, the packages themselves where
 * it can, Deno's copy of the lock file, and the packages of npm. Imports nothing from JSR: it runs before JSR's packages
 * resolve.
 *
 * @module
 */

import { cachePackages, jsrImports, resolvePackages } from "./jsr_packages.ts";
import { updateLockCopy } from "./lock_file.ts";
import {
  fillOfflineFolder,
  hasOfflineFolder,
  OFFLINE_FOLDER,
  removeOfflineFolder,
} from "./offline_folder.ts";

/** What {@linkcode setUp} found and did. */
export interface SetupResult {
  readonly changed: boolean;
  readonly message: string;
}

/** Options for {@linkcode setUp}. */
export interface SetupOptions {
  /** How long to wait for JSR if there are no stand-ins yet, in milliseconds. @default {10000} */
  readonly timeoutMs?: number;
  /** The same if there are, in milliseconds: short, because each task waits. What was downloaded by then stays cached. @default {2000} */
  readonly timeoutWithStandInsMs?: number;
}

/**
 * Makes a checkout ready, in whatever state it is.
 *
 * @param root The checkout, a URL that ends in `/`.
 */
export async function setUp(
  root: URL,
  options: SetupOptions = {},
): Promise<SetupResult> {
  const result = await provideJsrPackages(root, options);
  await updateLockCopy(root);
  await cachePackages(new URL("lib/mod.ts", root));
  return result;
}

async function provideJsrPackages(
  root: URL,
  options: SetupOptions,
): Promise<SetupResult> {
  const { timeoutMs = 10_000, timeoutWithStandInsMs = 2_000 } = options;
  const imports = jsrImports(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  const names = [...imports.keys()].join(", ");
  const problem = await resolvePackages(
    [...imports.values()],
    await hasOfflineFolder(root) ? timeoutWithStandInsMs : timeoutMs,
  );
  if (problem === undefined) {
    const changed = await removeOfflineFolder(root);
    const removed = changed
      ? `removed their stand-ins from ${OFFLINE_FOLDER}/`
      : "nothing to do";
    return { changed, message: `${names} resolve from JSR: ${removed}.` };
  }
  const changed = await fillOfflineFolder(
    root,
    new URL("lib/setup/stand_ins/", root),
  );
  const used = changed ? "put in" : "are in";
  return {
    changed,
    message:
      `JSR can't be reached (${problem}): stand-ins for ${names} ${used} ${OFFLINE_FOLDER}/.`,
  };
}
