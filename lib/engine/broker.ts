/**
 * A Kafka broker in KRaft mode: broker and controller in one Java process.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import {
  namesIn,
  readIfThere,
  removeIfThere,
  writeWhole,
} from "../base/files.ts";
import { archiveOptions } from "./class_archive.ts";
import { ensurePrograms } from "./download.ts";
import { JavaProcess, type PartOptions, SMALL_JAVA } from "./java_process.ts";
import { KAFKA } from "./maven.ts";
import { foldersOf } from "./paths.ts";
import { brokerAnswers } from "./ready.ts";
import { programEnvironment, runCommand } from "./shell.ts";

/** Broker properties by name, as in `server.properties`. */
export type Properties = Readonly<Record<string, string>>;

/** A broker of an engine, which is a controller as well. */
export interface BrokerNode {
  /** Its id, from 1. Equals `node.id`. */
  readonly id: number;
  readonly kafkaPort: number;
  readonly controllerPort: number;
}

/** Returns the properties of a broker that is reached from this machine only. */
export function nodeProperties(
  node: BrokerNode,
  { nodes, data }: {
    readonly nodes: readonly BrokerNode[];
    /** The folder for the topics. Equals `log.dirs`. */
    readonly data: string;
  },
): Properties {
  const { id, kafkaPort, controllerPort } = node;
  const replicasCount = String(Math.min(nodes.length, 3));
  const inSyncCount = String(Math.max(1, Math.min(nodes.length, 3) - 1));
  return {
    "process.roles": "broker,controller",
    "node.id": String(id),
    "listeners":
      `PLAINTEXT://127.0.0.1:${kafkaPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://localhost:${kafkaPort}`,
    "listener.security.protocol.map":
      "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.voters": nodes.map((each) =>
      `${each.id}@127.0.0.1:${each.controllerPort}`
    ).join(","),
    "log.dirs": data,
    // A mistyped topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": replicasCount,
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": replicasCount,
    "transaction.state.log.min.isr": inSyncCount,
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": replicasCount,
    "share.coordinator.state.topic.min.isr": inSyncCount,
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    // After a crash, the controller admits the broker again when its earlier session has timed out: 9 s by default.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
  };
}

/** Writes properties as a `server.properties` file, with backslashes and line breaks escaped for Java. */
export function renderProperties(properties: Properties): string {
  return Object.entries(properties).map(([name, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
      .replace(/^ /, "\\ ");
    return `${name}=${escaped}\n`;
  }).join("");
}

const DEFAULT_JAVA_OPTIONS = ["-Xms128m", "-Xmx512m", ...SMALL_JAVA];

const LOGGING = [
  "-Dorg.slf4j.simpleLogger.showDateTime=true",
  "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
  "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
  "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaConfig=warn",
];

interface FormatOptions {
  readonly kafka: string;
  readonly propertiesFile: string;
  /** The folder that its `log.dirs` names. */
  readonly data: string;
  readonly clusterId: string;
  readonly signal: AbortSignal | undefined;
}

const FORMAT_TIMEOUT_MS = 180_000;
const FORMAT_LINES_COUNT = 5;

/** Formats a broker's data folder, unless that was done before. Topics without metadata are refused. */
async function formatStorage(options: FormatOptions): Promise<void> {
  const { kafka, propertiesFile, data, clusterId, signal } = options;
  // Kafka writes this file last: if it exists, an earlier format was completed.
  if (await readIfThere(`${data}/meta.properties`) !== undefined) return;
  // An interrupted format may leave the empty folder of the metadata log, and its own file.
  const topic = (await namesIn(data)).find((name) =>
    /-\d+$/.test(name) && !name.startsWith("__cluster_metadata")
  );
  if (topic !== undefined) {
    throw new PipelineError(
      `The data folder ${data} holds ${topic} but no meta.properties, so Kafka can't use it`,
      {
        hint:
          "Something removed the file. `deno task down --wipe` removes all data; the next start begins empty.",
      },
    );
  }
  await removeIfThere(data);
  await Deno.mkdir(data, { recursive: true });
  const { code, stdout, stderr } = await runCommand([
    "java",
    ...DEFAULT_JAVA_OPTIONS,
    ...await archiveOptions(kafka),
    ...LOGGING,
    "-cp",
    `${kafka}/*`,
    "kafka.tools.StorageTool",
    "format",
    "--cluster-id",
    clusterId,
    "--config",
    propertiesFile,
  ], {
    timeoutMs: FORMAT_TIMEOUT_MS,
    clearEnv: true,
    env: programEnvironment("java"),
    signal,
  });
  if (code === 0) return;
  throw new PipelineError(`Kafka could not format its data folder ${data}`, {
    hint: (stderr + stdout).trim().split("\n").slice(-FORMAT_LINES_COUNT)
      .join("\n"),
  });
}

/** Makes the id of a new cluster. */
export function randomClusterId(): string {
  return crypto.getRandomValues(new Uint8Array(16))
    .toBase64({ omitPadding: true }).replaceAll(/[+/]/g, "A");
}

/** Options for {@linkcode brokerProcess}. */
export interface BrokerOptions extends PartOptions {
  readonly id?: number;
  /** Returns its name in messages. By default Kafka with its version. */
  readonly title?: () => string;
  /** Returns all properties of the broker. `log.dirs` must be one folder. */
  readonly properties: () => Properties;
  /** Returns the id of the cluster that a new data folder is formatted for. By default a new one. */
  readonly clusterId?: () => string;
  /** Returns the address where clients reach it without a password, `host:port`. */
  readonly address: () => string;
  /** Options for Java after the engine's own: of two that contradict each other, it takes the last. */
  readonly javaOptions?: readonly string[] | undefined;
}

/** Makes a broker's process, which is not started yet. Its first start formats the data folder. */
export function brokerProcess(options: BrokerOptions): JavaProcess {
  const { run, logs } = foldersOf(options.dir);
  const { id = 1, programs } = options;
  const name = `broker-${id}`;
  return new JavaProcess({
    name,
    get title() {
      return options.title?.() ?? (programs?.kafka ?? KAFKA).title;
    },
    run,
    logs,
    prepare: async (signal) => {
      const { kafka } = await ensurePrograms({ ...programs, signal });
      const properties = options.properties();
      const propertiesFile = `${run}/${name}.properties`;
      await writeWhole(propertiesFile, renderProperties(properties));
      await formatStorage({
        kafka,
        propertiesFile,
        data: properties["log.dirs"] ?? "",
        clusterId: options.clusterId?.() ?? randomClusterId(),
        signal,
      });
      return {
        args: [
          ...DEFAULT_JAVA_OPTIONS,
          ...options.javaOptions ?? [],
          ...await archiveOptions(kafka, { write: options.archiveClasses }),
          ...LOGGING,
          "-cp",
          `${kafka}/*`,
          "kafka.Kafka",
          propertiesFile,
        ],
      };
    },
    probe: () => brokerAnswers(options.address(), id),
  });
}
