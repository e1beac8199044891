/**
 * The folder of stand-ins, which `links` in `deno.json` matches. It appears and disappears by a rename, so that a
 * Deno that starts meanwhile sees all of it or nothing.
 *
 * @module
 */

import { ifMissing } from "../base/files.ts";

/** The folder's path within the checkout. */
export const OFFLINE_FOLDER = ".offline";

/** Where the folder is built and taken apart: beside it, and not matched by `links`. */
const WORKSHOP = ".offline.new";

/** Makes the folder an exact copy of the stand-ins. Returns whether anything had to change. */
export async function fillOfflineFolder(
  root: URL,
  standIns: URL,
): Promise<boolean> {
  const wanted = await filesOf(standIns);
  const folder = new URL(`${OFFLINE_FOLDER}/`, root);
  if (sameFiles(wanted, await filesOf(folder))) return false;
  await inWorkshop(root, async (workshop) => {
    const copy = new URL("copy/", workshop);
    for (const [path, text] of wanted) {
      const file = new URL(path, copy);
      await Deno.mkdir(new URL(".", file), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    await Deno.rename(folder, new URL("old/", workshop))
      .catch(ifMissing(undefined));
    await Deno.rename(copy, folder).catch(async (error) => {
      // Another setup was faster, and its result is the same.
      if (!sameFiles(wanted, await filesOf(folder))) throw error;
    });
  });
  return true;
}

/** Removes the folder. Returns whether there was one. */
export async function removeOfflineFolder(root: URL): Promise<boolean> {
  if (!await hasOfflineFolder(root)) return false;
  await inWorkshop(
    root,
    (workshop) =>
      Deno.rename(
        new URL(`${OFFLINE_FOLDER}/`, root),
        new URL("old/", workshop),
      )
        .catch(ifMissing(undefined)),
  );
  return true;
}

/** Determines whether the folder exists. */
export function hasOfflineFolder(root: URL): Promise<boolean> {
  return Deno.lstat(new URL(`${OFFLINE_FOLDER}/`, root))
    .then(() => true, ifMissing(false));
}

/** Runs work with a folder of its own on the same file system, and removes that folder. */
async function inWorkshop(
  root: URL,
  work: (workshop: URL) => Promise<void>,
): Promise<void> {
  const workshops = new URL(`${WORKSHOP}/`, root);
  const workshop = new URL(`${crypto.randomUUID()}/`, workshops);
  await Deno.mkdir(workshop, { recursive: true });
  try {
    await work(workshop);
  } finally {
    await Deno.remove(workshop, { recursive: true });
    // Fails while another setup still works in it.
    await Deno.remove(workshops).catch(() => {});
  }
}

/** Reads every file below a folder, by its path within it. Empty if the folder does not exist. */
async function filesOf(folder: URL): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const walk = async (path: string) => {
    for await (const entry of Deno.readDir(new URL(path, folder))) {
      if (entry.isDirectory) await walk(`${path}${entry.name}/`);
      else {
        files.set(
          path + entry.name,
          await Deno.readTextFile(new URL(path + entry.name, folder)),
        );
      }
    }
  };
  await walk("./").catch(ifMissing(undefined));
  return files;
}

function sameFiles(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): boolean {
  return one.size === other.size &&
    [...one].every(([path, text]) => other.get(path) === text);
}
