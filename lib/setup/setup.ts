/**
 * Makes a checkout ready: stand-ins for the packages of JSR where JSR can't be reached, the packages themselves where
 * it can, Deno's copy of the lock file, and the packages of npm. Imports nothing from JSR: it runs before JSR's packages
 * resolve.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { cachePackages, resolvePackages } from "./jsr_packages.ts";
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

/** How long to wait for JSR if there are no stand-ins yet, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** The same if there are, in milliseconds: short, because each task waits. What was downloaded by then stays cached. */
const TIMEOUT_WITH_STAND_INS_MS = 2_000;

/** Makes this checkout ready, in whatever state it is. */
export async function setUp(): Promise<SetupResult> {
  const result = await provideJsrPackages();
  await updateLockCopy(new URL("../../", import.meta.url));
  await cachePackages(new URL("../mod.ts", import.meta.url));
  return result;
}

async function provideJsrPackages(): Promise<SetupResult> {
  const names = Object.keys(denoJson.imports).join(", ");
  const hasStandIns = await hasOfflineFolder();
  const problem = await resolvePackages(
    Object.values(denoJson.imports),
    hasStandIns ? TIMEOUT_WITH_STAND_INS_MS : TIMEOUT_MS,
  );
  if (problem === undefined) {
    if (hasStandIns) await removeOfflineFolder();
    const removed = hasStandIns
      ? `removed their stand-ins from ${OFFLINE_FOLDER}/`
      : "nothing to do";
    return {
      changed: hasStandIns,
      message: `${names} resolve from JSR: ${removed}.`,
    };
  }
  const changed = await fillOfflineFolder();
  const used = changed ? "put in" : "are in";
  return {
    changed,
    message:
      `JSR can't be reached (${problem}): stand-ins for ${names} ${used} ${OFFLINE_FOLDER}/.`,
  };
}
