/**
 * Runs the tests with an engine around them.
 *
 * @module
 */

import { engineFolder, removeIfThere } from "./paths.ts";
import { startAnyThrowaway } from "./throwaway.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Starts a throwaway engine, runs `deno test` with its addresses in the environment, and removes the engine.
 *
 * @param args Further arguments for `deno test`.
 * @param tell Told in a line what goes on.
 * @returns The exit code of `deno test`.
 * @throws {PipelineError} If the engine does not come up.
 */
export async function runTests(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<number> {
  tell("Starting a throwaway Kafka and registry for the tests...");
  await using engine = await startAnyThrowaway(tell);
  const { brokers, registryUrl } = engine;
  tell(`Testing against ${brokers} and ${registryUrl}`);
  const scratch = `${engineFolder()}/tmp`;
  await Deno.mkdir(scratch, { recursive: true });
  const TMPDIR = await Deno.makeTempDir({ dir: scratch, prefix: "tests-" });
  try {
    return await denoTest(args, {
      KAFKA_BROKERS: brokers,
      SCHEMA_REGISTRY_URL: registryUrl,
      // Where tests make their temporary folders: one that their permission to write names on every machine.
      TMPDIR,
    });
  } finally {
    await removeIfThere(TMPDIR);
  }
}

async function denoTest(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const child = new Deno.Command("deno", {
    args: ["test", "-q", "--no-prompt", "-P=test", ...args],
    env,
  }).spawn();
  // The first signal ends the tests, and the engine behind them; a second one ends this program at once, and what then
  // ends the engine is its watchdog. Ctrl+C reaches the tests by itself.
  let signalled = false;
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (signalled) Deno.exit(1);
      signalled = true;
      if (signal !== "SIGINT") child.kill(signal);
    };
    Deno.addSignalListener(signal, handler);
    return () => Deno.removeSignalListener(signal, handler);
  });
  try {
    return (await child.status).code;
  } finally {
    for (const remove of handlers) remove();
  }
}
