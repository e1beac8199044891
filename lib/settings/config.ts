/**
 * Where Kafka and the Schema Registry are: flags first, then the environment, then the defaults.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import {
  plainTextWarnings,
  readKafkaSecurity,
  readRegistrySecurity,
  type Security,
} from "./security.ts";
import {
  type ReadFile,
  type ReadVariable,
  SettingReader,
} from "./setting_reader.ts";

/** Everything that differs between a laptop and a cluster. */
export interface Config {
  /** Where to find Kafka, as `host:port`. Equals `bootstrap.servers`. */
  readonly brokers: readonly string[];
  /** Where to find the Schema Registry. Equals `schema.registry.url`. */
  readonly registryUrl: string;
  /** How the connections are secured; plain text with no login where it is left out. */
  readonly security?: Security;
}

/** What {@linkcode resolveConfig} can do otherwise. */
export interface ConfigOptions {
  /** Reads a file that a variable names; with `Deno.readFileSync` by default. */
  readonly file?: ReadFile;
  /** Is told of what is allowed and unwise; standard error by default. */
  readonly warn?: (line: string) => void;
}

/** The flags that say where Kafka and the registry are. */
export interface ConfigFlags {
  /** Brokers, separated by commas. */
  readonly brokers?: string | undefined;
  /** The registry's URL. */
  readonly registry?: string | undefined;
}

/** The environment variable that names the brokers. */
export const BROKERS_VARIABLE = "KAFKA_BROKERS";
/** The environment variable that names the registry. */
export const REGISTRY_VARIABLE = "SCHEMA_REGISTRY_URL";

/** The values where neither a flag nor the environment has one. */
export const DEFAULT_CONFIG: Config = {
  brokers: ["localhost:9092"],
  registryUrl: "http://localhost:8081",
};

function credentialsRefused(what: string, source: string): UsageError {
  return new UsageError(
    `${what} may not carry a user name or password, in ${source}`,
    {
      hint:
        "What stands in a command line or a URL ends up in histories and logs.",
    },
  );
}

function parseBrokers(text: string, source: string): string[] {
  // Before anything is taken apart or printed: a password may hold any character.
  if (text.includes("@")) throw credentialsRefused("A broker", source);
  return text.split(",").map((part) => {
    const broker = part.trim();
    const match = /^(\[[0-9a-fA-F:.]+\]|[^\s\p{C}:/]+):(\d{1,5})$/u.exec(
      broker,
    );
    const port = Number(match?.[2]);
    if (!match || port < 1 || port > 65535) {
      throw new UsageError(
        `A broker is written host:port, in ${source}: "${broker}"`,
      );
    }
    return broker;
  });
}

function parseRegistryUrl(text: string, source: string): string {
  const url = URL.parse(text);
  const usable = url && /^https?:$/.test(url.protocol);
  // What isn't understood may hold a password anywhere before an at sign.
  if (usable ? url.username || url.password : text.includes("@")) {
    throw credentialsRefused("The registry's URL", source);
  }
  if (!usable) {
    throw new UsageError(
      `The registry is an http or https URL, in ${source}: "${text}"`,
    );
  }
  if (url.search || url.hash) {
    throw new UsageError(
      `The registry's URL may not go on after its path, in ${source}: "${url.origin}${url.pathname}…"`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/**
 * Settles where Kafka and the registry are, and how the connections are secured. Warns of credentials that would go over plain
 * text.
 *
 * @param flags What the command line says.
 * @param env Reads an environment variable; the process's own by default. An empty value counts as none.
 * @param options How files are read, and whom to warn.
 * @returns The settings, checked.
 * @throws {UsageError} If a broker is not `host:port`, the registry is not an http or https URL, or the settings for security
 * contradict each other.
 */
export function resolveConfig(
  flags: ConfigFlags = {},
  env: ReadVariable = (name) => Deno.env.get(name),
  options: ConfigOptions = {},
): Config {
  const {
    file = (path) => Deno.readFileSync(path),
    warn = (line) => console.error(line),
  } = options;
  const pick = (flag: string | undefined, flagName: string, variable: string) =>
    flag !== undefined
      ? { text: flag, source: flagName }
      : { text: env(variable) || undefined, source: variable };
  const brokers = pick(flags.brokers, "--brokers", BROKERS_VARIABLE);
  const registry = pick(
    flags.registry,
    "--registry",
    REGISTRY_VARIABLE,
  );
  const registryUrl = registry.text === undefined
    ? DEFAULT_CONFIG.registryUrl
    : parseRegistryUrl(registry.text.trim(), registry.source);
  const reader = new SettingReader(env, file);
  const kafkaSecurity = readKafkaSecurity(reader);
  const registrySecurity = readRegistrySecurity(reader, registryUrl);
  const security: Security = {
    ...(kafkaSecurity && { kafka: kafkaSecurity }),
    ...(registrySecurity && { registry: registrySecurity }),
  };
  for (const line of plainTextWarnings(security, registryUrl)) warn(line);
  return {
    brokers: brokers.text === undefined
      ? DEFAULT_CONFIG.brokers
      : parseBrokers(brokers.text, brokers.source),
    registryUrl,
    ...((kafkaSecurity || registrySecurity) && { security }),
  };
}
