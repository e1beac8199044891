/**
 * The programs that README.md shows, for a project outside the checkout.
 *
 * @module
 */

import { checkoutFolder } from "../../lib/engine/paths.ts";

/** What the `deno.json` of such a project has: what the programs import, and the stand-ins, if there are any (see lib/setup). */
export const README_MANIFEST = {
  imports: { "@std/assert": "jsr:@std/assert@^1" },
  links: [`${checkoutFolder()}/.offline/*`],
};

/**
 * Takes the programs of README.md: the blocks that begin with a comment that names a file.
 *
 * @returns Each file's name and text, which imports the library by its path.
 */
export async function readmePrograms(): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(`${checkoutFolder()}/README.md`);
  const blocks = text.matchAll(/^```ts\n\/\/ (\w+\.ts)\n([^]*?)^```$/gm);
  return Object.fromEntries(
    [...blocks].map(([, name = "", code = ""]) => [
      name,
      code.replaceAll('"./lib/', `"${checkoutFolder()}/lib/`),
    ]),
  );
}
