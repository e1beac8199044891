/**
 * Which packages of JSR the project imports, and whether Deno can get them.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";

/** What Deno said when asked for the packages. */
export type Resolution =
  | { readonly resolves: true }
  | { readonly resolves: false; readonly reason: string };

/**
 * Reads the packages of JSR from the import map.
 *
 * @param config The text of `deno.json`.
 * @returns Their specifiers by import name, such as `@std/cli` → `jsr:@std/cli@^1`.
 * @throws {PipelineError} If the text is not JSON.
 */
export function jsrImports(config: string): Map<string, string> {
  let imports: Record<string, string>;
  try {
    imports = (JSON.parse(config) as { imports?: Record<string, string> })
      .imports ?? {};
  } catch (cause) {
    throw new PipelineError("Could not read deno.json: it is not valid JSON", {
      cause,
    });
  }
  return new Map(
    Object.entries(imports).filter(([, specifier]) =>
      specifier.startsWith("jsr:")
    ),
  );
}

/**
 * Asks Deno itself whether packages resolve: cached already, or downloaded now. Without the
 * configuration, so that neither links nor a lock file have a say.
 *
 * @param specifiers The packages.
 * @param deadline How long to wait for the answer, in milliseconds.
 * @returns Whether all resolve, and why not where they don't.
 * @throws {PipelineError} If Deno can't be run.
 */
export async function resolvePackages(
  specifiers: readonly string[],
  deadline: number,
): Promise<Resolution> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("deno", {
      args: ["cache", "--no-config", ...specifiers],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    throw new PipelineError(
      "Could not run `deno` to see whether JSR's packages resolve",
      { hint: "Put the folder of the deno program on PATH.", cause },
    );
  }
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), deadline);
  try {
    const output = await Promise.race([child.output(), timeout.promise]);
    if (output === undefined) {
      child.kill("SIGKILL");
      return {
        resolves: false,
        reason: `no answer within ${deadline / 1000} s`,
      };
    }
    return output.success
      ? { resolves: true }
      : { resolves: false, reason: reasonOf(output.stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** Takes the sentence that says why from what Deno printed. */
function reasonOf(stderr: Uint8Array): string {
  const text = new TextDecoder().decode(stderr);
  const [, reason] = /^error: (.+?)\.?(?: Import '.*)?$/m.exec(text) ?? [];
  return reason ?? "deno could not load them";
}
