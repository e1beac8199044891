/**
 * Files that may not exist, and that others read while they are written.
 *
 * @module
 */

/** Makes a handler of rejections that puts a value in place of a file that does not exist. */
export function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Deno.errors.NotFound) return value;
    throw error;
  };
}

/** Reads a file: its text; undefined if it does not exist. */
export function readIfThere(path: string | URL): Promise<string | undefined> {
  return Deno.readTextFile(path).catch(ifMissing(undefined));
}

/** Removes a file or folder with its content, if it exists. */
export function removeIfThere(path: string | URL): Promise<void> {
  return Deno.remove(path, { recursive: true }).catch(ifMissing(undefined));
}

/** Lists the names in a folder; none if it does not exist. */
export function namesIn(folder: string): Promise<string[]> {
  return Array.fromAsync(Deno.readDir(folder), ({ name }) => name)
    .catch(ifMissing<string[]>([]));
}

/** Writes a file so that a reader sees the old text or the new one, never part of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID().slice(0, 8)}.new`;
  await Deno.writeTextFile(draft, text);
  await Deno.rename(draft, path);
}
