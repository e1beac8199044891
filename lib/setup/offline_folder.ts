/**
 * The folder of stand-ins, which `links` in `deno.json` matches. It appears and disappears by a rename, so that a
 * Deno that starts meanwhile sees all of it or nothing.
 *
 * @module
 */

import { ifMissing } from "../base/files.ts";

/** The folder's path within the checkout. */
export const OFFLINE_FOLDER = ".offline";

const CHECKOUT = new URL("../../", import.meta.url);
const FOLDER = new URL(`${OFFLINE_FOLDER}/`, CHECKOUT);
/** Where the folder is built and taken apart: beside it, and not matched by `links`. */
const WORKSHOPS = new URL(".offline.new/", CHECKOUT);
const STAND_INS = new URL("stand_ins/", import.meta.url);
/** How often the folder is put in its place while other setups do the same. */
const ATTEMPTS_COUNT = 20;

/** Makes the folder an exact copy of the stand-ins. Returns whether anything had to change. */
export async function fillOfflineFolder(): Promise<boolean> {
  const wanted = await filesOf(STAND_INS);
  const isFilled = async () =>
    JSON.stringify(await filesOf(FOLDER)) === JSON.stringify(wanted);
  if (await isFilled()) return false;
  await inWorkshop(async (workshop) => {
    const copy = new URL("copy/", workshop);
    for (const [path, text] of wanted) {
      const file = new URL(path, copy);
      await Deno.mkdir(new URL(".", file), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    for (let attempt = 1;; attempt++) {
      await takeAway(new URL(`old${attempt}/`, workshop));
      try {
        return await Deno.rename(copy, FOLDER);
      } catch (error) {
        // Another setup was faster. Its result is the same, but a third may just have taken it away.
        if (await isFilled()) return;
        if (attempt === ATTEMPTS_COUNT) throw error;
      }
    }
  });
  return true;
}

/** Removes the folder. */
export async function removeOfflineFolder(): Promise<void> {
  await inWorkshop((workshop) => takeAway(new URL("old/", workshop)));
}

/** Determines whether the folder exists. */
export function hasOfflineFolder(): Promise<boolean> {
  return Deno.lstat(FOLDER).then(() => true, ifMissing(false));
}

function takeAway(to: URL): Promise<void> {
  return Deno.rename(FOLDER, to).catch(ifMissing(undefined));
}

/** Runs work with a folder of its own on the same file system, and removes that folder. */
async function inWorkshop(
  work: (workshop: URL) => Promise<void>,
): Promise<void> {
  const workshop = new URL(`${crypto.randomUUID()}/`, WORKSHOPS);
  await Deno.mkdir(workshop, { recursive: true });
  try {
    await work(workshop);
  } finally {
    await Deno.remove(workshop, { recursive: true });
    // Fails while another setup still works in it.
    await Deno.remove(WORKSHOPS).catch(() => {});
  }
}

/** Reads every file below a folder, with its path within it, sorted. Empty if the folder does not exist. */
async function filesOf(folder: URL): Promise<[path: string, text: string][]> {
  const files: [path: string, text: string][] = [];
  const walk = async (path: string) => {
    for await (const entry of Deno.readDir(new URL(path, folder))) {
      const inner = path + entry.name;
      if (entry.isDirectory) await walk(`${inner}/`);
      else files.push([inner, await Deno.readTextFile(new URL(inner, folder))]);
    }
  };
  await walk("./").catch(ifMissing(undefined));
  return files.sort();
}
