/**
 * Checks that each schema file and the type that is written by hand for it are the same. TypeScript widens the JSON that it
 * imports, so the file's text is put into a program, which compiles only if they are. `deno task check` runs this script.
 *
 * @module
 */

import { type CommandResult, runCommand } from "../support/command.ts";

/** The types that are written by hand, by their schema's file in `schemas/`. */
const TYPES: Readonly<Record<string, readonly [name: string, from: string]>> = {
  "customer_event.schema.json": ["Order", "order.ts"],
  "loyalty_scan.schema.json": ["LoyaltyScan", "loyalty_scan.ts"],
};

/**
 * Writes the program.
 *
 * @param schemas The schemas' texts, by the names of their files.
 * @returns The program. Its imports are relative to the checkout's folder.
 * @throws {Error} If a schema has no type, or a type no schema.
 */
export function schemaTypesProgram(
  schemas: Readonly<Record<string, string>>,
): string {
  const files = Object.keys({ ...TYPES, ...schemas });
  return [
    'import type { FromSchema } from "./lib/events/from_schema.ts";',
    'import { holds, type Plain, type Same } from "./tests/support/types.ts";',
    ...files.flatMap((file, i) => {
      const [name, from] = TYPES[file] ?? [];
      const schema = schemas[file];
      if (name === undefined || schema === undefined) {
        throw new Error(`There is no ${name ? "schema" : "type"} for ${file}`);
      }
      return [
        `import type { ${name} } from "./lib/events/${from}";`,
        `const schema${i} = ${schema.trim()} as const;`,
        `holds<Same<Plain<FromSchema<typeof schema${i}>>, Plain<${name}>>>();`,
      ];
    }),
    "",
  ].join("\n");
}

/**
 * Compiles the program.
 *
 * @param program What {@linkcode schemaTypesProgram} wrote.
 * @returns How the compiler ended.
 */
export async function compileProgram(program: string): Promise<CommandResult> {
  return await runCommand(
    ["deno", "run", "-q", "--no-prompt", "--check", "-"],
    { input: program },
  );
}

if (import.meta.main) {
  const schemas = Array.from(
    Deno.readDirSync("schemas"),
    ({ name }) => [name, Deno.readTextFileSync(`schemas/${name}`)] as const,
  );
  const { code, stderr } = await compileProgram(
    schemaTypesProgram(Object.fromEntries(schemas)),
  );
  if (code !== 0) console.error(stderr);
  Deno.exit(code);
}
