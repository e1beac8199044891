/**
 * The kind of engine that this machine can run.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { dockerProblem } from "./docker.ts";
import { INSTALL_JAVA } from "./maven.ts";
import { runCommand, runScript } from "./shell.ts";

/** The kinds of engine to ask for; `auto` takes what this machine has. */
export const ENGINES = ["auto", "docker", "local"] as const;

/** The kinds of engine: containers, or Java processes. */
export type EngineKind = "docker" | "local";

const MIN_JAVA_VERSION = 17;

/** Reads the major version, such as 17, from the output of `java -version`; undefined if there is none. */
export function parseJavaVersion(text: string): number | undefined {
  // Up to Java 8 the version was called 1.8.
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match ? Number(match[1]) : undefined;
}

let asked: Promise<number | undefined> | undefined;

/** Asks Java for its major version, once; undefined if Java was not found. */
export function javaVersion(): Promise<number | undefined> {
  asked ??= runCommand(["java", "-version"]).then(({ stdout, stderr }) =>
    parseJavaVersion(stderr + stdout)
  );
  return asked;
}

/** Says what is missing of Java and Maven, as the end of a sentence; undefined if nothing is. */
export async function javaProblem(): Promise<string | undefined> {
  const [version, maven] = await Promise.all([
    javaVersion(),
    // Finding Maven is faster than starting it.
    runScript("command -v mvn"),
  ]);
  if (version === undefined) return "java was not found";
  if (version < MIN_JAVA_VERSION) {
    return `java is version ${version}, and ${MIN_JAVA_VERSION} or later is needed`;
  }
  return maven.code === 0 ? undefined : "mvn (Maven) was not found";
}

const INSTALL_DOCKER =
  "Install Docker with Compose, and start it: https://docs.docker.com/get-docker/";

/** Chooses a kind of engine that this machine can run. */
export async function chooseEngine(
  wanted: typeof ENGINES[number],
): Promise<EngineKind> {
  if (wanted === "docker") {
    const problem = await dockerProblem();
    if (problem === undefined) return "docker";
    throw new PipelineError(`Docker can't be used: ${problem}`, {
      hint:
        `${INSTALL_DOCKER}\nOr use Java with no Docker: deno task up --engine local`,
    });
  }
  if (wanted === "local") {
    const problem = await javaProblem();
    if (problem === undefined) return "local";
    throw new PipelineError(
      `The local engine needs Java and Maven: ${problem}`,
      { hint: INSTALL_JAVA },
    );
  }
  const [docker, java] = await Promise.all([dockerProblem(), javaProblem()]);
  if (docker === undefined) return "docker";
  if (java === undefined) return "local";
  throw new PipelineError(
    `Kafka needs Docker, or Java and Maven, and neither can be used here: ${docker}; ${java}`,
    { hint: `Either: ${INSTALL_DOCKER}\nOr: ${INSTALL_JAVA}` },
  );
}
