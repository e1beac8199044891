/**
 * `deno task up`: starts Kafka and the Schema Registry and waits until both answer.
 *
 * @module
 */

import { ENGINES, startEngine } from "../engine/mod.ts";
import { runTask } from "./command.ts";
import { describeEngine } from "./engine_report.ts";
import { note, printLine } from "./output.ts";
import { stopSignal } from "./signals.ts";

/** Runs the command. */
export async function upCommand(): Promise<never> {
  return await runTask({
    name: "up",
    summary:
      "Starts Kafka and the Schema Registry on this machine and waits until both answer.",
    flags: {
      engine: {
        type: "string",
        value: "NAME",
        choices: ENGINES,
        default: "auto",
        description:
          "what runs them: Docker, or Java without Docker; auto takes Docker if it answers",
      },
      "kafka-port": {
        type: "integer",
        value: "PORT",
        min: 1,
        max: 65535,
        description: "Kafka's port; 9092 without it",
      },
      "registry-port": {
        type: "integer",
        value: "PORT",
        min: 1,
        max: 65535,
        description: "the registry's port; 8081 without it",
      },
    },
    examples: [
      ["deno task up", "Kafka on localhost:9092, the registry on port 8081"],
      ["deno task up --engine local", "The same with Java, without Docker"],
    ],
  }, async (flags) => {
    using stop = stopSignal();
    const engine = await startEngine({
      engine: flags.engine,
      kafkaPort: flags["kafka-port"],
      registryPort: flags["registry-port"],
      notify: note,
      signal: stop.signal,
    });
    printLine(describeEngine(engine));
  });
}
