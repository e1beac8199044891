/**
 * Runs Deno in a project elsewhere, as one who imports the library does.
 *
 * @module
 */

/**
 * Runs Deno to its end.
 *
 * @param folder The project's folder.
 * @param args The arguments.
 * @returns The exit code, and what was written.
 */
export async function runDeno(folder: string, args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
