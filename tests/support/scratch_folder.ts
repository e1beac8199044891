/**
 * Folders for a test's files, in the checkout's folder that git ignores: tasks may read them.
 *
 * @module
 */

import { engineFolder } from "../../lib/engine/paths.ts";

/**
 * Makes a folder for a test's files.
 *
 * @returns The folder; disposing of it removes it.
 */
export async function scratchFolder(): Promise<
  AsyncDisposable & { readonly path: string }
> {
  const dir = `${engineFolder()}/tmp`;
  await Deno.mkdir(dir, { recursive: true });
  const path = await Deno.makeTempDir({ dir, prefix: "test-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
