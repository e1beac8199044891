/**
 * The contenders: this project, and what a user could take instead.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import {
  commandOf,
  netFlag,
  type PipelineTask,
} from "../support/task_process.ts";
import { engineFolder } from "../../lib/engine/paths.ts";
import { runCommand } from "../support/command.ts";
import { preparePython } from "../support/python.ts";
import {
  type Command,
  type Contender,
  type Job,
  type MeasureId,
  PARTITIONS,
  type Stage,
} from "./contender.ts";
import type { ClientRequest } from "./request.ts";

const CLIENTS = fileURLToPath(new URL("clients", import.meta.url));

/** How long Go may take to fetch modules and build a program, in milliseconds. */
const GO_BUILD_DEADLINE_MS = 300_000;

const PROCESSED = /"processed": ?(\d+)/;

function measures(...ids: readonly MeasureId[]): ReadonlySet<MeasureId> {
  return new Set(ids);
}

const ALL_BUT_STORE = measures(
  "produce",
  "consume",
  "latency",
  "startup",
  "idle",
  "memory",
);

/**
 * Says how a task of this project is run on the engine under test.
 *
 * @param stage The engine.
 * @param task The task.
 * @param args Its arguments.
 * @param reach Hosts with ports that it may reach besides the engine.
 * @returns The command of `deno.json`, with the engine's addresses instead of the usual ones.
 */
export function taskCommand(
  stage: Stage,
  task: PipelineTask,
  args: readonly string[],
  reach: readonly string[] = [],
): Command {
  const { flags, script } = commandOf(task);
  const { brokers, registryUrl } = stage.config;
  return {
    program: "deno",
    args: [...flags, netFlag(stage.config, reach), script, ...args],
    env: {
      KAFKA_BROKERS: brokers.join(","),
      SCHEMA_REGISTRY_URL: registryUrl,
      NO_COLOR: "1",
    },
  };
}

/** This project: the tasks themselves. */
export const PIPELINE: Contender = {
  id: "pipeline",
  title: "this project",
  measures: new Set([...ALL_BUT_STORE, "store", "size"]),
  share: 1,
  processed: /Total messages consumed: (\d+)/,
  command(stage, { do: what, topic, group, count, rate }) {
    const common = [
      `--topic=${topic}`,
      ...(count === undefined ? [] : [`--count=${count}`]),
      what === "watch" ? "--json" : "--quiet",
    ];
    if (what !== "produce") {
      return taskCommand(stage, "consume", [...common, `--group=${group}`]);
    }
    const fed = rate !== undefined;
    return {
      ...taskCommand(stage, "produce", [
        ...common,
        fed ? "--file=-" : "--interval=0",
      ]),
      fed,
    };
  },
};

function requestOf(
  stage: Stage,
  job: Job,
  more: Pick<ClientRequest, "commitEvery" | "database">,
): string {
  const request: Omit<ClientRequest, "count"> & { readonly count?: number } = {
    ...job,
    brokers: stage.config.brokers,
    registry: stage.registryApi,
    partitions: PARTITIONS,
    ...more,
  };
  return JSON.stringify(request);
}

/** Makes a contender of a program whose path no permission names: the shell runs it, which one names. */
function shellClient(
  program: readonly string[],
  settings: Omit<Contender, "processed" | "command">,
  commitEvery: number,
): Contender {
  return {
    ...settings,
    processed: PROCESSED,
    command: (stage, job) => ({
      program: "sh",
      args: [
        "-c",
        'exec "$@"',
        "sh",
        ...program,
        requestOf(stage, job, { commitEvery }),
      ],
    }),
  };
}

/**
 * Makes a contender of a program in TypeScript.
 *
 * @param name The program's name.
 * @param settings Who it is.
 * @param more What it is asked besides the job.
 * @returns The contender.
 */
export function denoClient(
  name: string,
  settings: Omit<Contender, "processed" | "command">,
  more: Pick<ClientRequest, "database"> = {},
): Contender {
  return {
    ...settings,
    processed: PROCESSED,
    command: (stage, job) => ({
      program: "deno",
      args: [
        "run",
        "-q",
        "--no-prompt",
        `--config=${CLIENTS}/deno.json`,
        "--allow-net=localhost,127.0.0.1",
        "--allow-sys=hostname",
        "--allow-env",
        // Its checksum is native code, which lies among the packages.
        "--allow-read",
        "--allow-ffi",
        ...(more.database === undefined ? [] : ["--allow-write=.data"]),
        `${CLIENTS}/${name}.ts`,
        requestOf(stage, job, { commitEvery: 1_000, ...more }),
      ],
    }),
  };
}

const PERF_TOOLS: Contender = {
  id: "java",
  title: "Kafka's own perf tools, bare bytes",
  measures: measures("produce", "consume"),
  // Java needs a while to get going, which is not what a ceiling is about.
  share: 2,
  processed: /^(?:[^,]*, ){4}(\d+),/m,
  command(stage, { do: what, topic, group, count }) {
    const tool = what === "produce"
      ? [
        "org.apache.kafka.tools.ProducerPerformance",
        `--record-size=${stage.valueSize}`,
        "--throughput=-1",
        "--command-property",
        "acks=1",
      ]
      : [
        "org.apache.kafka.tools.ConsumerPerformance",
        `--group=${group}`,
        "--hide-header",
      ];
    const [main = "", ...args] = tool;
    return {
      program: "java",
      args: [
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        "-cp",
        `${stage.kafkaJars}/*`,
        main,
        ...args,
        `--bootstrap-server=${stage.config.brokers.join(",")}`,
        `--topic=${topic}`,
        `--num-records=${count}`,
      ],
    };
  },
};

/** A contender that this machine can't run. */
export interface LeftOut {
  /** Its name in tables. */
  readonly title: string;
  /** Why. */
  readonly reason: string;
}

/** Every contender's name on the command line. */
export const CONTENDER_IDS = [
  "pipeline",
  "python",
  "python-each",
  "platformatic",
  "kafkajs",
  "go",
  "java",
] as const;

/** Who takes part. */
export interface Field {
  /** Those who do, in their order. */
  readonly contenders: readonly Contender[];
  /** Those who can't. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Finds out which contenders this machine can run, and gets ready what they need.
 *
 * @param wanted Their names.
 * @returns Who takes part and who can't, with the reason.
 */
export async function gather(wanted: ReadonlySet<string>): Promise<Field> {
  const leftOut: LeftOut[] = [];
  const contenders: Contender[] = [PIPELINE];
  const pythons = [
    {
      commitEvery: 1_000,
      id: "python",
      title: "confluent-kafka (Python)",
      measures: ALL_BUT_STORE,
      share: 1 / 10,
    },
    {
      commitEvery: 1,
      id: "python-each",
      title: "confluent-kafka, a commit each message",
      measures: measures("consume"),
      share: 1 / 100,
    },
  ].filter(({ id }) => wanted.has(id));
  if (pythons.length > 0) {
    const { program, problem } = await preparePython();
    for (const { commitEvery, ...settings } of pythons) {
      if (program) {
        const command = [program, `${CLIENTS}/python_way.py`];
        contenders.push(shellClient(command, settings, commitEvery));
      } else leftOut.push({ title: settings.title, reason: problem ?? "" });
    }
  }
  const clients = [
    denoClient("platformatic", {
      id: "platformatic",
      title: "@platformatic/kafka",
      measures: ALL_BUT_STORE,
      share: 1,
    }),
    denoClient("kafkajs", {
      id: "kafkajs",
      title: "kafkajs, bare",
      measures: measures("produce", "consume", "startup", "idle", "memory"),
      share: 1,
    }),
  ].filter(({ id }) => wanted.has(id));
  for (const client of clients) {
    const reason = await whyNoClient(client.id);
    if (reason === undefined) contenders.push(client);
    else leftOut.push({ title: client.title, reason });
  }
  if (wanted.has("go")) {
    const settings = {
      id: "go",
      title: "franz-go (Go)",
      measures: ALL_BUT_STORE,
      share: 1,
    };
    const { program, reason = "" } = await buildGo();
    if (program) contenders.push(shellClient([program], settings, 10_000));
    else leftOut.push({ title: settings.title, reason });
  }
  contenders.push(PERF_TOOLS);
  return {
    contenders: contenders.filter(({ id }) => wanted.has(id)),
    leftOut,
  };
}

/** Builds the client in Go before anything is timed. */
async function buildGo(): Promise<
  | { readonly program: string; readonly reason?: never }
  | { readonly program?: never; readonly reason: string }
> {
  const program = `${engineFolder()}/go/bench`;
  const { code, stderr } = await runCommand([
    "sh",
    "-c",
    'cd "$1" && go build -o "$2" .',
    "sh",
    `${CLIENTS}/go`,
    program,
  ], { deadlineMs: GO_BUILD_DEADLINE_MS });
  if (code === 0) return { program };
  const said = stderr.trim().split("\n")[0] ?? "";
  return { reason: `needs Go and its modules: ${said}` };
}

/** Fetches a client's packages before anything is timed. */
async function whyNoClient(id: string): Promise<string | undefined> {
  const { code, stderr } = await new Deno.Command("deno", {
    args: [
      "cache",
      "-q",
      `--config=${CLIENTS}/deno.json`,
      `${CLIENTS}/${id}.ts`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code === 0) return undefined;
  const said = new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "";
  return `its packages can't be fetched: ${said}`;
}
