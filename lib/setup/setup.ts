/**
 * Makes a checkout ready: stand-ins for the packages of JSR where JSR can't be reached, the
 * packages themselves where it can. Imports nothing from JSR, as it runs before that resolves.
 *
 * @module
 */

import { jsrImports, resolvePackages } from "./jsr_packages.ts";
import {
  fillOfflineFolder,
  hasOfflineFolder,
  OFFLINE_FOLDER,
  removeOfflineFolder,
} from "./offline_folder.ts";

/** What {@linkcode setUp} found and did. */
export interface SetupResult {
  /** Whether the checkout is another than before. */
  readonly changed: boolean;
  /** One line that says what is used now, and why. */
  readonly message: string;
}

/** How long {@linkcode setUp} waits for JSR. */
export interface SetupOptions {
  /**
   * Milliseconds to wait where the packages would be missing otherwise.
   *
   * @default {10000}
   */
  readonly deadline?: number;
  /**
   * Milliseconds to wait where stand-ins are in place, so that a network that swallows every
   * request does not hold up each task. What was downloaded by then stays cached.
   *
   * @default {2000}
   */
  readonly deadlineWithStandIns?: number;
}

/**
 * Makes a checkout ready, whatever state it is in.
 *
 * @param root The checkout, a URL that ends in `/`.
 * @param options How long to wait for JSR.
 * @returns What was found and done.
 * @throws {PipelineError} If `deno.json` is not JSON or Deno can't be run.
 */
export async function setUp(
  root: URL,
  options: SetupOptions = {},
): Promise<SetupResult> {
  const { deadline = 10_000, deadlineWithStandIns = 2_000 } = options;
  const imports = jsrImports(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  const names = [...imports.keys()].join(", ");
  const resolution = await resolvePackages(
    [...imports.values()],
    await hasOfflineFolder(root) ? deadlineWithStandIns : deadline,
  );
  if (resolution.resolves) {
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
      `JSR can't be reached (${resolution.reason}): stand-ins for ${names} ${used} ${OFFLINE_FOLDER}/. ` +
      'This is harmless; only leave the "links" that Deno adds to deno.lock out of commits.',
  };
}
