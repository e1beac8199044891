/**
 * Tries to import what nobody has cached: from a host that Deno allows by default, from npm and from JSR. Prints the names of
 * those that were let through, one a line: an attempt that fails for any reason but `--cached-only` was.
 *
 * @module
 */

for (
  const specifier of [
    "https://deno.land/not-cached.ts",
    "npm:not-cached@1.0.0",
    "jsr:@not/cached@1.0.0",
  ]
) {
  try {
    await import(specifier);
    console.log(specifier);
  } catch (error) {
    if (!String(error).includes("--cached-only is specified")) {
      console.log(`${specifier}: ${error}`);
    }
  }
}
