/**
 * Whether Deno can get packages of JSR, and those of npm.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";

/**
 * Asks Deno whether packages resolve, from its cache or by a download. It runs without the configuration, so that the stand-ins don't
 * count. Returns why they don't resolve; undefined if they do.
 */
export async function resolvePackages(
  specifiers: readonly string[],
  timeoutMs: number,
): Promise<string | undefined> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const { success, stderr } = await runDeno(
    ["cache", "--no-config", ...specifiers],
    deadline,
  );
  if (success) return undefined;
  return deadline.aborted
    ? `no answer within ${timeoutMs / 1000} s`
    : reasonOf(stderr);
}

/** Downloads the packages of npm that a module imports, unless they are cached. */
export async function cachePackages(module: URL): Promise<void> {
  const { success, stderr } = await runDeno(["cache", "-q", module.href]);
  if (success) return;
  throw new PipelineError(
    `Could not download the packages of npm: ${reasonOf(stderr)}`,
    {
      hint:
        "The registry of npm must be reachable, directly or as ~/.npmrc says.",
    },
  );
}

async function runDeno(
  args: readonly string[],
  signal?: AbortSignal,
): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command("deno", {
      args: [...args],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      ...(signal && { signal }),
    }).output();
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
