/**
 * Which kind of engine this machine can run.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { dockerProblem } from "./docker.ts";
import { INSTALL_JAVA } from "./maven.ts";
import { runCommand } from "./shell.ts";

/** What an engine can be asked to be; `auto` leaves the choice to this machine. */
export const ENGINES = ["auto", "docker", "local"] as const;

/** What an engine is: containers, or two Java processes. */
export type EngineKind = "docker" | "local";

const MIN_JAVA = 17;

/**
 * Reads the major version out of what `java -version` prints.
 *
 * @param text Its output.
 * @returns The version, such as 17, or nothing where there is none.
 */
export function parseJavaVersion(text: string): number | undefined {
  // Up to Java 8 the version was called 1.8.
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/**
 * Looks whether Java and Maven are there.
 *
 * @returns Nothing where both are there, else what is missing, as a sentence's end.
 */
export async function javaProblem(): Promise<string | undefined> {
  const [java, maven] = await Promise.all([
    runCommand(["java", "-version"]),
    // Starting Maven takes longer than finding it.
    runCommand(["sh", "-c", "command -v mvn"]),
  ]);
  const version = parseJavaVersion(java.stderr + java.stdout);
  if (version === undefined) return "java was not found";
  if (version < MIN_JAVA) {
    return `java is version ${version}, and ${MIN_JAVA} or later is needed`;
  }
  return maven.code === 0 ? undefined : "mvn (Maven) was not found";
}

const INSTALL_DOCKER =
  "Install Docker with Compose, and start it: https://docs.docker.com/get-docker/";

/**
 * Chooses the kind of engine.
 *
 * @param wanted What was asked for.
 * @returns The kind, which this machine can run.
 * @throws {PipelineError} If it can't run what was asked for.
 */
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
