/**
 * Tries what a pipeline task has no business doing, and what it has to do. Prints one object: what was tried, and whether
 * Deno refused it.
 *
 * Arguments: the addresses to connect to, then `--`, then the files to read and to write.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";

/** What became of a try. `hidden` is for variables that are set, and read as if they were not. */
export type Outcome = "granted" | "refused" | "hidden";

const outcomes: Record<string, Outcome> = {};

/** An attempt that fails for any reason but a missing permission was let through. */
async function attempt(
  name: string,
  work: () => Outcome | void | Promise<void>,
): Promise<void> {
  try {
    outcomes[name] = await work() ?? "granted";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    const refused = error instanceof Deno.errors.NotCapable ||
      code === "EPERM" || code === "EACCES";
    outcomes[name] = refused ? "refused" : "granted";
  }
}

const split = Deno.args.indexOf("--");
const addresses = Deno.args.slice(0, split);
const files = Deno.args.slice(split + 1);

for (const address of addresses) {
  const [host = "", port] = address.split(":");
  await attempt(`connect ${address}`, async () => {
    const connection = await Deno.connect({
      hostname: host,
      port: Number(port),
    });
    connection.close();
  });
  await attempt(`fetch ${address}`, async () => {
    const response = await fetch(`http://${address}/`, {
      signal: AbortSignal.timeout(2_000),
    });
    await response.body?.cancel();
  });
}
await attempt("listen", () => Deno.listen({ port: 0 }).close());
await attempt("resolve", async () => {
  await Deno.resolveDns("localhost", "A");
});
for (const file of files) {
  await attempt(`read ${file}`, () => void Deno.readFileSync(file));
  await attempt(`read by Node ${file}`, () => void readFileSync(file));
  await attempt(
    `write ${file}`,
    () => Deno.openSync(file, { append: true, create: true }).close(),
  );
}
await attempt("run sh", () => void new Deno.Command("sh").outputSync());
await attempt("run sh by Node", () => {
  // Node's way of refusing is a result without a status.
  const { status } = spawnSync("sh", ["-c", ":"]);
  if (status !== 0) throw new Deno.errors.NotCapable("It did not run");
});
await attempt("call a library", () => void Deno.dlopen("libc.so.6", {}));
await attempt("hostname", () => void hostname());
await attempt("network interfaces", () => void networkInterfaces());
for (const name of ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL", "PROBE_SECRET"]) {
  await attempt(
    `environment ${name}`,
    () => Deno.env.get(name) === undefined ? "hidden" : "granted",
  );
}
console.log(JSON.stringify(outcomes));
