/**
 * What a benchmark ran on.
 *
 * @module
 */

import { KAFKA_VERSION } from "../../lib/engine/maven.ts";
import { runScript } from "../../lib/engine/shell.ts";
import { PACKAGE } from "../support/python.ts";
import clients from "./clients/deno.json" with { type: "json" };

async function ask(script: string): Promise<string> {
  const { stdout } = await runScript(script);
  return stdout.trim();
}

/**
 * Describes this machine and the versions of what ran on it.
 *
 * @returns The facts by name.
 */
export async function describeMachine(): Promise<Record<string, string>> {
  const [processor, kilobytes, java] = await Promise.all([
    ask("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1"),
    ask("sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo"),
    ask('java -version 2>&1 | sed -n \'s/.*version "\\([^"]*\\)".*/\\1/p\''),
  ]);
  const memory = Math.round(Number(kilobytes) / 1024 / 1024);
  const version = (specifier: string) =>
    specifier.slice(specifier.lastIndexOf("@") + 1);
  const { kafkajs, "@platformatic/kafka": platformatic } = clients.imports;
  return {
    "Machine": [
      `${navigator.hardwareConcurrency} cores`,
      ...processor ? [processor] : [],
      ...memory > 0 ? [`${memory} GiB`] : [],
      `${Deno.build.os} ${Deno.build.arch}`,
      "broker and registry on the same cores",
    ].join(", "),
    "Versions": [
      `Kafka ${KAFKA_VERSION} on Java ${java}`,
      `Deno ${Deno.version.deno}`,
      `kafkajs ${version(kafkajs)}`,
      `@platformatic/kafka ${version(platformatic)}`,
      `confluent-kafka ${PACKAGE.slice(PACKAGE.lastIndexOf("=") + 1)}`,
    ].join(", "),
  };
}
