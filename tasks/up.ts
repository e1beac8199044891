/**
 * `deno task up`: starts Kafka and the Schema Registry and waits until both answer.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { describeEngine, ENGINES, startEngine } from "../lib/engine/mod.ts";

if (import.meta.main) {
  await runTask({
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
          "what runs them: Docker, or Java with no Docker; auto takes Docker where it answers",
      },
      "kafka-port": {
        type: "integer",
        value: "PORT",
        default: 9092,
        min: 1,
        max: 65535,
        description: "Kafka's port",
      },
      "registry-port": {
        type: "integer",
        value: "PORT",
        default: 8081,
        min: 1,
        max: 65535,
        description: "the registry's port",
      },
    },
    examples: [
      ["deno task up", "Kafka on localhost:9092, the registry on port 8081"],
      ["deno task up --engine local", "The same with Java, no Docker"],
    ],
  }, async (flags) => {
    const engine = await startEngine({
      engine: flags.engine,
      kafkaPort: flags["kafka-port"],
      registryPort: flags["registry-port"],
      tell: console.error,
    });
    console.log(describeEngine(engine));
  });
}
