/**
 * Tests that need permissions: run where they are granted, ignored with the reason in the name
 * where they are not, as under a bare `deno test`.
 *
 * @module
 */

/**
 * Registers a test that needs permissions.
 *
 * @param name What it shows.
 * @param needs The permissions.
 * @param fn The test.
 */
export function permittedTest(
  name: string,
  needs: readonly Deno.PermissionDescriptor[],
  fn: (context: Deno.TestContext) => Promise<void> | void,
): void {
  const missing = needs
    .filter((need) => Deno.permissions.querySync(need).state !== "granted")
    .map(flagOf);
  const ignore = missing.length > 0;
  Deno.test({
    name: ignore ? `${name} (needs ${missing.join(" ")})` : name,
    ignore,
    fn,
  });
}

function flagOf(need: Deno.PermissionDescriptor): string {
  const flag = `--allow-${need.name}`;
  if (need.name === "run" && need.command) return `${flag}=${need.command}`;
  if (need.name === "net" && need.host) return `${flag}=${need.host}`;
  return flag;
}
