/**
 * Whether the pipeline could run against a cluster and a registry, looked at from every side: one finding for each thing that it needs.
 *
 * @module
 */

import { connect } from "node:net";
import {
  OutageError,
  PipelineError,
  type PipelineErrorOptions,
} from "../base/errors.ts";
import { counted } from "../base/plural.ts";
import { within } from "../base/pause.ts";
import { deadLetterTopic } from "../consume/dead_letters/dead_letter.ts";
import { withClient } from "../kafka/client.ts";
import { missingLeader, protocolCodeOf } from "../kafka/errors.ts";
import type { ClusterInspector, Operation } from "../kafka/inspector.ts";
import { addressOf, askBroker } from "../kafka/probe.ts";
import { socketFactory } from "../kafka/sockets.ts";
import { missingTopic } from "../kafka/topic.ts";
import type { Config } from "../settings/config.ts";
import { showGroup } from "./groups.ts";
import { handshake } from "./handshake.ts";
import { diagnoseKafka } from "./kafka_diagnosis.ts";
import { diagnoseRegistry } from "./registry_diagnosis.ts";
import { SchemaCatalog } from "./schemas.ts";

/** What was found of one thing. */
export interface Finding {
  /** The thing: `brokers`, `clock`, `topic`. */
  readonly name: string;
  /** Whether it is as it should be; `note` if the pipeline can run all the same. */
  readonly verdict: "fine" | "note" | "broken";
  readonly text: string;
  /** What is wrong, for callers that add advice; undefined if nothing is. */
  readonly error?: PipelineError | undefined;
  /** The addresses, as `host:port`, where what belongs there doesn't answer. By default: none. */
  readonly silent?: readonly string[] | undefined;
}

/** What to look at. */
export interface DoctorOptions {
  readonly topic: string;
  readonly group: string;
  /** The schema that events are produced with, as text. */
  readonly schemaText: string;
}

/** How long one look may take, in milliseconds: all of them run at once, and 10 s is the limit for all. */
const LOOK_MS = 8_500;
const CONNECT_MS = 2_000;
/** How long a broker may take to answer, its connection included, in milliseconds: finding out why it doesn't takes 3 s more. */
const ANSWER_MS = 4_000;
/** By how much clocks may differ without a note, and without harm, in milliseconds: a topic refuses what is an hour ahead. */
const CLOCK_NOTE_MS = 10_000;
const CLOCK_BROKEN_MS = 3_600_000;
/** How long before its end a certificate is noted, in milliseconds. */
const CERTIFICATE_NOTE_MS = 14 * 86_400_000;
const DAY_MS = 86_400_000;

/** Looks at the cluster and the registry. The findings have a fixed sequence; all looks run at once, within 10 s. */
export async function* examine(
  config: Config,
  options: DoctorOptions,
): AsyncGenerator<Finding> {
  const brokers = limited({ name: "brokers" }, examineBrokers(config));
  const kafka = [
    limited({ name: "cluster" }, examineCluster(config, options)),
    limited({ name: "group" }, examineGroup(config, options)),
  ];
  const registry = [
    limited(
      { name: "registry", silent: [new URL(config.registryUrl).host] },
      examineRegistry(config, options),
    ),
    limited({ name: "certificate" }, examineCertificate(config)),
  ];
  const found = await brokers;
  yield* found;
  // What else is asked of Kafka fails for the same reason.
  const isDown = found.some(({ verdict }) => verdict === "broken");
  for (const look of [...isDown ? [] : kafka, ...registry]) yield* await look;
}

function fine(name: string, text: string): Finding {
  return { name, verdict: "fine", text };
}

function noted(name: string, text: string): Finding {
  return { name, verdict: "note", text };
}

function broken(name: string, error: unknown): Finding {
  if (!(error instanceof PipelineError)) throw error;
  return { name, verdict: "broken", text: error.message, error };
}

function wrong(
  name: string,
  text: string,
  options?: PipelineErrorOptions,
): Finding {
  return broken(name, new PipelineError(text, options));
}

/** Ends a look that takes too long, and turns what it throws into a finding. */
async function limited(
  { name, silent }: Pick<Finding, "name" | "silent">,
  look: Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await within(look, {
      timeoutMs: LOOK_MS,
      late: () => new OutageError(`No answer within ${LOOK_MS / 1_000} s`),
    });
  } catch (error) {
    return [{ ...broken(name, error), silent }];
  }
}

async function examineBrokers(config: Config): Promise<Finding[]> {
  const { brokers, security } = config;
  const asked = await Promise.allSettled(
    brokers.map((broker) =>
      askBroker(broker, {
        open: socketFactory(security?.kafka),
        timeoutMs: ANSWER_MS,
      })
    ),
  );
  const silent = brokers.filter((_, i) => asked[i]?.status === "rejected");
  if (silent.length === 0) {
    const verb = brokers.length === 1 ? "answers" : "answer";
    return [fine("brokers", `${brokers.join(", ")} ${verb}`)];
  }
  const error = await diagnoseKafka(config) ??
    new OutageError(`No Kafka answers at ${silent.join(", ")}`, {
      code: "kafka-unreachable",
    });
  return [{
    name: "brokers",
    verdict: silent.length < brokers.length ? "note" : "broken",
    text: error.message,
    error,
    silent,
  }];
}

async function examineCluster(
  config: Config,
  options: DoctorOptions,
): Promise<Finding[]> {
  return await withClient(config, {
    timeoutMs: CONNECT_MS,
    make: (kafka) => kafka.inspector(),
  }, async (inspector) => {
    const findings = await Promise.all([
      examineAddresses(inspector),
      examineClock(inspector),
      examineTopic(inspector, options),
    ]);
    return findings.flat();
  });
}

/** Whether each broker can be reached at the address that it gives to clients. */
async function examineAddresses(
  inspector: ClusterInspector,
): Promise<Finding[]> {
  const brokers = await inspector.brokers();
  return await Promise.all(brokers.map(async ({ nodeId, address }) => {
    const name = `broker ${nodeId}`;
    const { state } = await Deno.permissions.query({
      name: "net",
      host: address,
    });
    if (state !== "granted") {
      return wrong(
        name,
        `It gives its address as ${address}, which the permissions don't allow`,
        { code: "net-permission", details: { address } },
      );
    }
    const [byIpv4, byIpv6] = await Promise.all([
      canConnect(address, 4),
      canConnect(address, 6),
    ]);
    const ways = [byIpv4 && "IPv4", byIpv6 && "IPv6"].filter(Boolean);
    if (ways.length > 0) {
      return fine(name, `${address} is reached by ${ways.join(" and ")}`);
    }
    return wrong(
      name,
      `It gives its address as ${address}, which can't be reached from here`,
      {
        hint:
          "Correct advertised.listeners on the broker, or this machine's names and routes.",
      },
    );
  }));
}

function canConnect(address: string, family: 4 | 6): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const to = { ...addressOf(address), family };
  const socket = connect(to, () => resolve(true));
  socket.setTimeout(CONNECT_MS, () => resolve(false));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function examineClock(inspector: ClusterInspector): Promise<Finding[]> {
  const name = "clock";
  const before = Date.now();
  const theirs = await inspector.clock().catch(() => undefined);
  if (theirs === undefined) {
    return [
      noted(
        name,
        "not compared: the cluster tells its time to users with the right Describe on it",
      ),
    ];
  }
  // It was read at any time between the question and the answer.
  const differenceMs = Math.max(before - theirs, 0) +
    Math.min(Date.now() - theirs, 0);
  const seconds = Math.round(Math.abs(differenceMs) / 1_000);
  const text = seconds === 0
    ? "this machine and the cluster agree"
    : `this machine is ${seconds} s ${
      differenceMs > 0 ? "ahead of" : "behind"
    } the cluster`;
  if (Math.abs(differenceMs) < CLOCK_NOTE_MS) return [fine(name, text)];
  const error = new PipelineError(text, {
    hint:
      "Set both by NTP: messages carry the time of the machine that sends them.",
  });
  const verdict = differenceMs > CLOCK_BROKEN_MS ? "broken" : "note";
  return [{ name, verdict, text, error }];
}

async function examineTopic(
  inspector: ClusterInspector,
  { topic, group }: DoctorOptions,
): Promise<Finding[]> {
  const letters = deadLetterTopic(topic);
  const [ranges, own, lettersRights, groupRights] = await Promise.all([
    inspector.ranges(topic).catch((error) => {
      // The line about rights says so.
      if (protocolCodeOf(error) === "TOPIC_AUTHORIZATION_FAILED") return null;
      throw error;
    }),
    inspector.topicRights(topic),
    inspector.topicRights(letters),
    inspector.groupRights(group),
  ]);
  const all = [...ranges ?? []];
  const leaderless = all.filter(([, range]) => !range).map(([n]) => n);
  const offsets = all.reduce(
    (sum, [, range]) => range ? sum + range.high - range.low : sum,
    0n,
  );
  const lacks = (
    rights: readonly Operation[],
    [what, ...wanted]: readonly [string, ...Operation[]],
  ) =>
    wanted.filter((right) => !rights.includes(right))
      .map((right) => `${right} on ${what}`);
  const missing = [
    ...lacks(own, [`topic '${topic}'`, "Read", "Write"]),
    ...lacks(groupRights, [`group '${group}'`, "Read"]),
  ];
  const missingForLetters = lacks(lettersRights, [
    `topic '${letters}'`,
    "Create",
    "Write",
  ]);
  return [
    ranges === undefined
      ? broken("topic", missingTopic(topic, await inspector.topicNames()))
      : ranges === null
      ? noted("topic", `this user may not see '${topic}'`)
      : leaderless.length > 0
      ? broken("topic", missingLeader(topic, leaderless))
      : fine(
        "topic",
        `'${topic}' has ${counted(ranges.size, "partition")} and ${
          counted(offsets, "message")
        }`,
      ),
    missing.length > 0
      ? wrong("rights", `Missing: ${missing.join(", ")}`, {
        hint:
          "Producing takes Write on the topic; consuming takes Read on the topic and on the group.",
      })
      : missingForLetters.length > 0
      ? noted(
        "rights",
        `the first dead letter would end a consumer: ${
          missingForLetters.join(", ")
        } is missing`,
      )
      : fine("rights", "this user may produce, consume and keep dead letters"),
  ];
}

async function examineGroup(
  config: Config,
  { group }: DoctorOptions,
): Promise<Finding[]> {
  const name = "group";
  try {
    const found = await showGroup(config, group, { timeoutMs: CONNECT_MS });
    const lag = found.partitions
      .reduce((sum, { lag = 0n }) => sum + lag, 0n);
    const members = counted(found.members.length, "member");
    const unread = counted(lag, "message");
    return [
      fine(
        name,
        `'${group}' is ${found.state}, has ${members}, and ${unread} still to read`,
      ),
    ];
  } catch (error) {
    if (!(error instanceof PipelineError) || error instanceof OutageError) {
      throw error;
    }
    return [noted(name, error.message)];
  }
}

async function examineRegistry(
  config: Config,
  { topic, schemaText }: DoctorOptions,
): Promise<Finding[]> {
  const catalog = await SchemaCatalog.connect(config, {
    timeoutMs: CONNECT_MS,
    diagnose: () => diagnoseRegistry(config),
  });
  const subject = `${topic}-value`;
  const { level, registered, latest, compatible } = await catalog
    .check(subject, schemaText);
  const text = registered
    ? `'${subject}' has the schema: version ${registered.version}, level ${level}`
    : latest
    ? `the schema is compatible with '${subject}', version ${latest.version}, level ${level}`
    : `'${subject}' has no schema yet: the first event registers it`;
  return [
    fine("registry", `${config.registryUrl} answers`),
    compatible ? fine("schema", text) : wrong(
      "schema",
      `The schema is not compatible with '${subject}', version ${
        latest?.version ?? 1
      }, level ${level}`,
      { code: "schema-incompatible" },
    ),
  ];
}

async function examineCertificate(
  { registryUrl, security }: Config,
): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(registryUrl);
  if (protocol !== "https:") return [];
  const { validTo } = await handshake(addressOf(`${hostname}:${port || 443}`), {
    tls: security?.registry?.tls,
    timeoutMs: CONNECT_MS,
  });
  const endsAt = Date.parse(validTo ?? "");
  if (Number.isNaN(endsAt)) return [];
  const days = Math.floor((endsAt - Date.now()) / DAY_MS);
  return [{
    name: "certificate",
    verdict: endsAt - Date.now() < CERTIFICATE_NOTE_MS ? "note" : "fine",
    text: `the registry's is valid for ${counted(days, "day")}`,
  }];
}
