/**
 * The lock file that Deno works with: a copy of the committed `deno.lock`, which Deno may add to without changing a
 * tracked file. Where Deno adds what JSR's packages are, the committed file can't tell: it depends on the network.
 *
 * @module
 */

import { readIfThere } from "../base/files.ts";

/** The copy's path within the checkout, as `lock` in `deno.json` names it. */
export const LOCK_COPY = ".deno.lock";

/** What of a lock file pins packages. */
interface Pins {
  readonly specifiers?: Readonly<Record<string, string>>;
  readonly npm?: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** Makes sure that the copy pins each package as the committed lock file does. Returns whether it was replaced. */
export async function updateLockCopy(root: URL): Promise<boolean> {
  const text = await readIfThere(new URL("deno.lock", root));
  const copy = new URL(LOCK_COPY, root);
  if (text === undefined || hasPins(await readIfThere(copy), text)) {
    return false;
  }
  // By a rename, so that a Deno that starts meanwhile reads the old text or the new one.
  const draft = new URL(`${LOCK_COPY}.new`, root);
  await Deno.writeTextFile(draft, text);
  await Deno.rename(draft, copy);
  return true;
}

function hasPins(copy: string | undefined, committed: string): boolean {
  if (copy === undefined) return false;
  const present: Pins = JSON.parse(copy);
  const wanted: Pins = JSON.parse(committed);
  return Object.entries(wanted.specifiers ?? {}).every(([specifier, version]) =>
    present.specifiers?.[specifier] === version
  ) && Object.entries(wanted.npm ?? {}).every(([name, { integrity }]) =>
    present.npm?.[name]?.integrity === integrity
  );
}
