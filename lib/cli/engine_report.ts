/**
 * What `deno task up` and `deno task down` print.
 *
 * @module
 */

import type { RunningEngine, StartResult, StopResult } from "../engine/mod.ts";

/** Writes where an engine is and how to stop it. */
export function describeEngine(engine: RunningEngine): string {
  const { brokers, registryUrl, registryApi, logs, uiUrl, result } = engine;
  const heads: Record<StartResult, string> = {
    started: "Kafka and the registry are running.",
    repaired:
      "Kafka and the registry are running; one of them was down and was started again.",
    running: "Kafka and the registry are running already.",
  };
  const usual = brokers === "localhost:9092" &&
    registryUrl === "http://localhost:8081";
  return [
    heads[result],
    ...(engine.asAsked ? [] : [
      "Their ports are not those asked for: to change them, stop them first.",
    ]),
    `  Brokers:  ${brokers}`,
    `  Registry: ${registryUrl} (${registryApi})`,
    ...(uiUrl === undefined ? [] : [`  Kafka UI: ${uiUrl}`]),
    `  Logs:     ${logs}`,
    "  Stop:     deno task down",
    ...(usual ? [] : [
      "The other tasks find them with these flags, once the net list of `pipeline` in deno.json has both addresses:",
      `  --brokers ${brokers} --registry ${registryUrl}`,
    ]),
  ].join("\n");
}

/** Writes what a stop did, in one line. */
export function describeStop({ stopped, wiped }: StopResult): string {
  const done = stopped.length > 0
    ? `Stopped ${stopped.join(" and ")}.`
    : "Nothing was running.";
  return wiped
    ? `${done} The data is removed.`
    : `${done}${stopped.length > 0 ? " The data is kept." : ""}`;
}
