/**
 * What this machine has for an engine of its own, and who holds the ports.
 *
 * @module
 */

import { isLoopback } from "../base/loopback.ts";
import type { Config } from "../settings/config.ts";
import { javaProblem } from "./choose.ts";
import { dockerProblem } from "./docker.ts";
import { describeHolder, portHolder } from "./ports.ts";
import { runScript } from "./shell.ts";

/** What was found of one thing on this machine. */
export interface MachineFinding {
  readonly name: string;
  readonly text: string;
  /** What to do about it where something is broken; undefined if nothing is. */
  readonly problem?: string | undefined;
  /** The address, as `host:port`, that has to be silent for it to be a problem at all; undefined if none has to. */
  readonly address?: string;
}

/** What belongs on a port. */
interface Service {
  readonly title: string;
  readonly url: URL;
  /** The flag of `deno task up` that gives it another port. */
  readonly flag: string;
}

/**
 * Looks at this machine: Deno, what can run an engine, the ports, and variables that name a proxy.
 *
 * @param config Ports and engines matter only if Kafka or the registry is on this machine.
 */
export async function examineMachine(
  config: Config,
): Promise<MachineFinding[]> {
  const services: Service[] = config.brokers.map((broker) => ({
    title: "Kafka",
    url: new URL(`http://${broker}`),
    flag: "--kafka-port 19092",
  }));
  services.push({
    title: "the registry",
    url: new URL(config.registryUrl),
    flag: "--registry-port 18081",
  });
  const local = services.filter(({ url }) => isLoopback(url.hostname));
  const found = await Promise.all([
    { name: "Deno", text: Deno.version.deno },
    examineProxies(),
    ...local.length > 0 ? [examineEngines()] : [],
    ...local.map(examinePort),
  ]);
  return found.filter((finding) => finding !== undefined);
}

/** Variables that name a proxy. Their values may hold a password. */
async function examineProxies(): Promise<MachineFinding | undefined> {
  const { stdout } = await runScript("env | grep -io '^[a-z]*_proxy='");
  const names = stdout.split("\n").filter(Boolean)
    .map((line) => line.slice(0, -1))
    .filter((name) => !/^no_proxy$/i.test(name));
  return names.length === 0 ? undefined : {
    name: "proxy",
    text: `${names.join(", ")} is set, and not used: connections are direct`,
  };
}

async function examineEngines(): Promise<MachineFinding> {
  const [docker, java] = await Promise.all([dockerProblem(), javaProblem()]);
  const kinds = [
    ...docker === undefined ? ["Docker"] : [],
    ...java === undefined ? ["Java with Maven"] : [],
  ];
  return kinds.length > 0
    ? { name: "engine", text: `${kinds.join(" and ")} can run one` }
    : {
      name: "engine",
      text: `nothing here can run one: ${docker}; ${java}`,
      problem: "Install Docker, or Java 17 or later and Maven.",
    };
}

async function examinePort(
  { title, url, flag }: Service,
): Promise<MachineFinding> {
  const port = Number(url.port || 80);
  const name = `port ${port}`;
  if (!await answers(port)) {
    return {
      name,
      text: "free: nothing listens there",
      problem: "`deno task up` starts what belongs there.",
    };
  }
  const holder = await portHolder(port);
  return {
    name,
    text: `held by ${
      holder
        ? describeHolder(holder)
        : "another user's program, or by a container"
    }`,
    problem: `Unless that is ${title}, stop it, or start ${title} on another ` +
      `port: \`deno task up ${flag}\`.`,
    address: url.host,
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "localhost", port })).close();
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.ConnectionRefused);
  }
}
