/**
 * `deno task up`: starts Kafka and the Schema Registry and waits until both answer.
 *
 * @module
 */

import { ENGINES } from "../engine/choose.ts";
import { startEngine } from "../engine/mod.ts";
import { task } from "./command.ts";
import { describeEngine } from "./engine_report.ts";
import { portFlag, textFlag } from "./flags.ts";
import { note, printLine } from "./output.ts";
import { stopSignal } from "./signals.ts";

/** The command. */
export const upCommand = task({
  name: "up",
  summary:
    "Starts Kafka and the Schema Registry on this machine and waits until both answer.",
  flags: {
    engine: textFlag(
      "NAME",
      "what runs them: Docker, or Java without Docker; auto takes Docker if it answers",
      { default: "auto", choices: ENGINES },
    ),
    "brokers-count": textFlag(
      "N",
      "how many brokers, three with Java; by default as many as have data, 1 without data",
      { choices: ["1", "3"] },
    ),
    "kafka-port": portFlag(
      "Kafka's port; 9092 without it; three brokers also have the next two",
    ),
    "registry-port": portFlag("the registry's port; 8081 without it"),
  },
  examples: [
    ["deno task up", "Kafka on localhost:9092, the registry on port 8081"],
    ["deno task up --engine local", "The same with Java, without Docker"],
    [
      "deno task up --brokers-count 3",
      "A cluster on ports 9092, 9093 and 9094, which can lose a broker",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const engine = await startEngine({
    engine: flags.engine,
    brokersCount: flags["brokers-count"] && Number(flags["brokers-count"]),
    kafkaPort: flags["kafka-port"],
    registryPort: flags["registry-port"],
    notify: note,
    signal: stop.signal,
  });
  printLine(describeEngine(engine));
});
