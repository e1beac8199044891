/**
 * A Kafka broker in KRaft mode, broker and controller in one Java process.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { ensurePrograms } from "./download.ts";
import { JavaProcess } from "./java_process.ts";
import { KAFKA_VERSION } from "./maven.ts";
import { foldersOf, readIfThere, removeIfThere, writeWhole } from "./paths.ts";
import { brokerAnswers } from "./ready.ts";
import { runCommand } from "./shell.ts";
import type { Watchdog } from "./watchdog.ts";

/** Broker properties by name, as in `server.properties`. */
export type Properties = Readonly<Record<string, string>>;

/** What {@linkcode singleNodeProperties} needs to know. */
export interface NodeOptions {
  /** The port for clients. */
  readonly kafkaPort: number;
  /** The port for the controller. */
  readonly controllerPort: number;
  /** The folder for the topics. */
  readonly data: string;
}

/**
 * The properties of a broker that is alone and reached from this machine only.
 *
 * @param options Ports and folder.
 * @returns The properties.
 */
export function singleNodeProperties(options: NodeOptions): Properties {
  const { kafkaPort, controllerPort, data } = options;
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listeners":
      `PLAINTEXT://127.0.0.1:${kafkaPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://localhost:${kafkaPort}`,
    "listener.security.protocol.map":
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "log.dirs": data,
    // A mistyped topic is an error everywhere, never a new topic.
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    // After a crash, the controller takes the broker back once the session of the one before has run out: 9 s by default.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
  };
}

/**
 * Writes properties as a `server.properties` file.
 *
 * @param properties The properties.
 * @returns The text, with backslashes and line breaks escaped as Java wants them.
 */
export function renderProperties(properties: Properties): string {
  return Object.entries(properties).map(([name, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
      .replace(/^ /, "\\ ");
    return `${name}=${escaped}\n`;
  }).join("");
}

const DEFAULT_JAVA_OPTIONS = [
  "-Xms128m",
  "-Xmx512m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:-UsePerfData",
  "-Xshare:auto",
];

/**
 * Puts options for Java behind the defaults, which start quickly and use little memory.
 *
 * @param defaults The defaults.
 * @param options Options that win over them: the heap's size, another garbage collector, `-XX:TieredStopAtLevel=4` for speed
 * in a long run.
 * @returns The options together.
 */
export function javaOptions(
  defaults: readonly string[],
  options: readonly string[],
): string[] {
  // Java refuses two garbage collectors; of everything else the last one wins.
  const collector = /^-XX:\+Use\w*GC$/;
  const replaced = options.some((option) => collector.test(option));
  return [
    ...defaults.filter((option) => !(replaced && collector.test(option))),
    ...options,
  ];
}

const LOGGING = [
  "-Dorg.slf4j.simpleLogger.showDateTime=true",
  "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
  "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
  "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaConfig=warn",
];

/** What {@linkcode formatStorage} needs to know. */
export interface FormatOptions {
  /** The folder with Kafka's jars. */
  readonly kafka: string;
  /** The `server.properties` file. */
  readonly propertiesFile: string;
  /** The folder that its `log.dirs` names. */
  readonly data: string;
}

/**
 * Prepares a broker's data folder, unless that was done before.
 *
 * @param options Program, properties and folder.
 * @throws {PipelineError} If the folder holds topics but not what Kafka needs to use them, or Kafka refuses it.
 */
async function formatStorage(options: FormatOptions): Promise<void> {
  const { kafka, propertiesFile, data } = options;
  // Kafka writes this file last: where it is, an earlier format went through.
  if (await readIfThere(`${data}/meta.properties`) !== undefined) return;
  const topics = await folderNames(data);
  if (topics.length > 0) {
    throw new PipelineError(
      `The data folder ${data} holds ${
        topics[0]
      } but no meta.properties, so Kafka can't use it`,
      {
        hint:
          "Something removed the file. `deno task down --wipe` removes all data and makes room for new.",
      },
    );
  }
  await removeIfThere(data);
  await Deno.mkdir(data, { recursive: true });
  const { code, stdout, stderr } = await runCommand([
    "java",
    ...DEFAULT_JAVA_OPTIONS,
    ...LOGGING,
    "-cp",
    `${kafka}/*`,
    "kafka.tools.StorageTool",
    "format",
    "--cluster-id",
    randomClusterId(),
    "--config",
    propertiesFile,
  ], { timeout: 60_000 });
  if (code === 0) return;
  throw new PipelineError(`Kafka could not format its data folder ${data}`, {
    hint: (stderr + stdout).trim().split("\n").slice(-5).join("\n"),
  });
}

async function folderNames(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(path)) {
      // An interrupted format may leave the metadata log's empty folder.
      if (entry.isDirectory && !entry.name.startsWith("__cluster_metadata")) {
        names.push(entry.name);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

function randomClusterId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "A").replaceAll(
    "/",
    "B",
  ).replaceAll("=", "");
}

/** Settings of {@linkcode brokerProcess}. */
export interface BrokerOptions {
  /** The state folder: data, logs and records go there. */
  readonly dir: string;
  /** All properties of the broker. `log.dirs` must be one folder. */
  readonly properties: () => Properties;
  /** The address where clients reach it without a password, `host:port`. */
  readonly address: () => string;
  /** Options for Java, which win over the defaults. */
  readonly javaOptions?: readonly string[];
  /** The folder for the programs. By default that of the checkout. */
  readonly programs?: string;
  /** Ends it when this process dies. Without it, the broker lives on. */
  readonly watchdog?: Watchdog;
}

/**
 * Makes a broker's process, which is not started yet.
 *
 * @param options Properties, folder and how it ends.
 * @returns The process. Each start formats the data folder where that is due.
 */
export function brokerProcess(options: BrokerOptions): JavaProcess {
  const { run, logs } = foldersOf(options.dir);
  return new JavaProcess({
    name: "broker",
    title: `Kafka ${KAFKA_VERSION}`,
    run,
    logs,
    prepare: async () => {
      const { kafka } = await ensurePrograms(options.programs);
      const properties = options.properties();
      const propertiesFile = `${run}/server.properties`;
      await writeWhole(propertiesFile, renderProperties(properties));
      await formatStorage({
        kafka,
        propertiesFile,
        data: properties["log.dirs"] ?? "",
      });
      return {
        args: [
          ...javaOptions(DEFAULT_JAVA_OPTIONS, options.javaOptions ?? []),
          ...LOGGING,
          "-cp",
          `${kafka}/*`,
          "kafka.Kafka",
          propertiesFile,
        ],
      };
    },
    probe: () => brokerAnswers(options.address()),
    ...(options.watchdog && { watchdog: options.watchdog }),
  });
}
