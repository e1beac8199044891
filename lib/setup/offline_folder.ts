/**
 * The folder that `links` in `deno.json` matches: in it, a file names the stand-in in place of the package. It appears and
 * disappears by a rename, so that a Deno that starts meanwhile sees all of it or nothing.
 *
 * @module
 */

/** The folder's path within the checkout. */
export const OFFLINE_FOLDER = ".offline";

/** Where the folder is built and taken apart: beside it, and not matched by `links`. */
const WORKSHOP = ".offline.new";

/** The file in it, and its text. */
const LINK = "assert/deno.json";
const LINK_TEXT = JSON.stringify({
  name: "@std/assert",
  version: "1.0.0",
  exports: "./../../lib/setup/stand_ins/assert.ts",
});

/**
 * Makes the folder, unless it is there as it should be.
 *
 * @param root The checkout, a URL that ends in `/`.
 * @returns Whether anything had to change.
 */
export async function fillOfflineFolder(root: URL): Promise<boolean> {
  const folder = new URL(`${OFFLINE_FOLDER}/`, root);
  const isFilled = async () =>
    await Deno.readTextFile(new URL(LINK, folder))
      .catch(() => "") === LINK_TEXT;
  if (await isFilled()) return false;
  await inWorkshop(root, async (workshop) => {
    const made = new URL("made/", workshop);
    await Deno.mkdir(new URL(".", new URL(LINK, made)), { recursive: true });
    await Deno.writeTextFile(new URL(LINK, made), LINK_TEXT);
    await moveAway(folder, workshop);
    try {
      await Deno.rename(made, folder);
    } catch (error) {
      // Another setup was faster, and its result is the same.
      if (!await isFilled()) throw error;
    }
  });
  return true;
}

/**
 * Removes the folder.
 *
 * @param root The checkout, a URL that ends in `/`.
 * @returns Whether there was one.
 */
export async function removeOfflineFolder(root: URL): Promise<boolean> {
  if (!await hasOfflineFolder(root)) return false;
  const folder = new URL(`${OFFLINE_FOLDER}/`, root);
  await inWorkshop(root, (workshop) => moveAway(folder, workshop));
  return true;
}

/**
 * Determines whether the folder exists.
 *
 * @param root The checkout, a URL that ends in `/`.
 */
export async function hasOfflineFolder(root: URL): Promise<boolean> {
  try {
    await Deno.lstat(new URL(`${OFFLINE_FOLDER}/`, root));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
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

async function moveAway(folder: URL, workshop: URL): Promise<void> {
  try {
    await Deno.rename(folder, new URL("old/", workshop));
  } catch (error) {
    // There is none, or another setup was faster.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
