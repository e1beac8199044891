/**
 * Which packages of JSR the project imports, whether Deno can get them, and those of npm.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";

/** Whether the packages resolve, and if not, why. */
export type Resolution =
  | { readonly resolves: true }
  | { readonly resolves: false; readonly reason: string };

/** Reads the packages of JSR from the import map: their specifiers by import name. */
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
 * Asks Deno whether packages resolve, from its cache or by a download. It runs without the configuration, so that the stand-ins don't
 * count.
 */
export async function resolvePackages(
  specifiers: readonly string[],
  timeoutMs: number,
): Promise<Resolution> {
  const child = spawnDeno(["cache", "--no-config", ...specifiers]);
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
  try {
    const output = await Promise.race([child.output(), timeout.promise]);
    if (output === undefined) {
      child.kill("SIGKILL");
      return {
        resolves: false,
        reason: `no answer within ${timeoutMs / 1000} s`,
      };
    }
    return output.success
      ? { resolves: true }
      : { resolves: false, reason: reasonOf(output.stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** Downloads the packages of npm that a module imports, unless they are cached. */
export async function cachePackages(module: URL): Promise<void> {
  const { success, stderr } = await spawnDeno(["cache", "-q", module.href])
    .output();
  if (success) return;
  throw new PipelineError(
    `Could not download the packages of npm: ${reasonOf(stderr)}`,
    {
      hint:
        "The registry of npm must be reachable, directly or as ~/.npmrc says.",
    },
  );
}

function spawnDeno(args: readonly string[]): Deno.ChildProcess {
  try {
    return new Deno.Command("deno", {
      args: [...args],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    throw new PipelineError("Could not run `deno` to get the packages", {
      hint: "Put the folder of the deno program on PATH.",
      cause,
    });
  }
}

/** Returns the sentence that says why from what Deno printed. */
function reasonOf(stderr: Uint8Array): string {
  const text = new TextDecoder().decode(stderr);
  const [, reason] = /^error: (.+?)\.?(?: Import '.*)?$/m.exec(text) ?? [];
  return reason ?? "deno could not load them";
}
