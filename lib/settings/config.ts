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
import { SettingReader, type SettingSource } from "./setting_reader.ts";

/** Where Kafka and the Schema Registry are, and how they are reached. */
export interface Config {
  /** Where to find Kafka, as `host:port`. Equals `bootstrap.servers`. */
  readonly brokers: readonly string[];
  /** Where to find the Schema Registry. Equals `schema.registry.url`. */
  readonly registryUrl: string;
  /** How the connections are secured; plain text without a login if it is left out. */
  readonly security?: Security;
}

/** How {@linkcode resolveConfig} reads settings, and what receives its warnings. */
export interface ConfigOptions extends SettingSource {
  /** Receives a sentence for each setting that is allowed but unsafe; without it, they are dropped. */
  readonly warn?: (line: string) => void;
  /** Where the addresses come from, as errors name it. @default {{ brokers: "brokers", registry: "registry" }} */
  readonly sources?: Readonly<Record<keyof ConfigFlags, string>>;
}

/** Addresses that take precedence over the environment. */
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

/** The values without flags and environment. */
export const DEFAULT_CONFIG: Config = {
  brokers: ["localhost:9092"],
  registryUrl: "http://localhost:8081",
};

function credentialsRefused(what: string, source: string): UsageError {
  return new UsageError(
    `${what} may not contain a user name or password, in ${source}`,
    {
      hint: "Command lines and URLs end up in histories and logs.",
    },
  );
}

function parseBrokers(text: string, source: string): string[] {
  // Checked before the text is split or printed: a password may contain any character.
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
  // Text that is not a URL may contain a password anywhere before an at sign.
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
      `The registry's URL may not have a query or a fragment, in ${source}: "${url.origin}${url.pathname}…"`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/**
 * Resolves where Kafka and the registry are, and how the connections are secured.
 *
 * @throws {UsageError} If an address is not one, or the settings for security contradict each other.
 */
export function resolveConfig(
  flags: ConfigFlags = {},
  options: ConfigOptions = {},
): Config {
  const {
    warn = () => {},
    sources = { brokers: "brokers", registry: "registry" },
  } = options;
  const reader = new SettingReader(options);
  const pick = (name: keyof ConfigFlags, variable: string) =>
    flags[name] !== undefined
      ? { text: flags[name], source: sources[name] }
      : { text: reader.text(variable), source: variable };
  const brokers = pick("brokers", BROKERS_VARIABLE);
  const registry = pick("registry", REGISTRY_VARIABLE);
  const registryUrl = registry.text === undefined
    ? DEFAULT_CONFIG.registryUrl
    : parseRegistryUrl(registry.text.trim(), registry.source);
  const kafkaSecurity = readKafkaSecurity(reader);
  const registrySecurity = readRegistrySecurity(reader, registryUrl);
  const security: Security = {
    ...(kafkaSecurity && { kafka: kafkaSecurity }),
    ...(registrySecurity && { registry: registrySecurity }),
  };
  for (const line of plainTextWarnings(security, registryUrl)) warn(line);
  for (const line of reader.warnings) warn(line);
  return {
    brokers: brokers.text === undefined
      ? DEFAULT_CONFIG.brokers
      : parseBrokers(brokers.text, brokers.source),
    registryUrl,
    ...((kafkaSecurity || registrySecurity) && { security }),
  };
}
