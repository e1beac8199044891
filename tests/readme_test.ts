/**
 * What README.md shows: its programs are taken from it and run.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { checkoutFolder } from "../lib/engine/paths.ts";
import { permittedTest } from "./support/permissions.ts";

/** Takes the programs of README.md: the blocks that begin with a comment that names a file. */
async function programs(): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(`${checkoutFolder()}/README.md`);
  const blocks = text.matchAll(/^```ts\n\/\/ (\w+\.ts)\n([^]*?)^```$/gm);
  return new Map([...blocks].map(([, name = "", code = ""]) => [name, code]));
}

permittedTest(
  "the event of README.md's own, and its test without a broker, run as they are printed",
  [
    { name: "read" },
    { name: "write", path: "/tmp" },
    { name: "run", command: "deno" },
  ],
  async () => {
    const found = await programs();
    assertEquals([...found.keys()], ["visits.ts", "visits_test.ts"]);
    const folder = await Deno.makeTempDir();
    try {
      // The stand-ins, if there are any: see lib/setup.
      const links = [`${checkoutFolder()}/.offline/*`];
      const imports = { "@std/assert": "jsr:@std/assert@^1" };
      await Deno.writeTextFile(
        `${folder}/deno.json`,
        JSON.stringify({ imports, links }),
      );
      for (const [name, code] of found) {
        await Deno.writeTextFile(
          `${folder}/${name}`,
          code.replaceAll('"./lib/', `"${checkoutFolder()}/lib/`),
        );
      }
      const { code, stdout, stderr } = await new Deno.Command("deno", {
        args: [
          "test",
          "-q",
          "--no-prompt",
          "visits_test.ts",
        ],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      const output = [stdout, stderr]
        .map((bytes) => new TextDecoder().decode(bytes)).join("");
      assertEquals([code, /1 passed/.test(output)], [0, true], output);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
