/**
 * How the connections to Kafka and the registry are secured: from environment variables and the files that they name.
 *
 * Every user of a machine sees its command lines, so passwords come from here only. Nothing turns off the check of certificates.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { Secret } from "../base/secret.ts";
import type { SettingReader } from "./setting_reader.ts";
import { readTlsSettings, type TlsSettings, tlsVariables } from "./tls.ts";

const SASL_MECHANISMS: readonly SaslMechanism[] = [
  "PLAIN",
  "SCRAM-SHA-256",
  "SCRAM-SHA-512",
];

const SECURITY_PROTOCOLS: readonly SecurityProtocol[] = [
  "PLAINTEXT",
  "SSL",
  "SASL_PLAINTEXT",
  "SASL_SSL",
];

/** Equals `sasl.mechanism`. */
export type SaslMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";

/** Equals `security.protocol`. */
export type SecurityProtocol =
  | "PLAINTEXT"
  | "SSL"
  | "SASL_PLAINTEXT"
  | "SASL_SSL";

/** The login to Kafka. */
export interface SaslSettings {
  /** Equals `sasl.mechanism`. */
  readonly mechanism: SaslMechanism;
  /** The user's name. Equals `sasl.username` (librdkafka). */
  readonly username: string;
  /** The password. Equals `sasl.password` (librdkafka). */
  readonly password: Secret;
}

/** How the connection to Kafka is secured. */
export interface KafkaSecurity {
  /** Equals `security.protocol`. */
  readonly protocol: SecurityProtocol;
  /** With the two SASL protocols: the login. */
  readonly sasl?: SaslSettings;
  /** With the two SSL protocols: trusted authorities and the client's certificate. */
  readonly tls?: TlsSettings;
}

/** How the connection to the registry is secured. */
export interface RegistrySecurity {
  /** The value of the `Authorization` header. */
  readonly authorization?: Secret;
  /** What must never be shown: the password or token, and what the header contains. */
  readonly secrets: readonly Secret[];
  /** For an https URL: trusted authorities and the client's certificate. */
  readonly tls?: TlsSettings;
}

/** How both connections are secured: a part that is left out is plain text without a login. */
export interface Security {
  /** The connection to Kafka. */
  readonly kafka?: KafkaSecurity;
  /** The connection to the registry. */
  readonly registry?: RegistrySecurity;
}

const KAFKA_SASL = [
  "KAFKA_SASL_MECHANISM",
  "KAFKA_SASL_USERNAME",
  "KAFKA_SASL_PASSWORD",
  "KAFKA_SASL_PASSWORD_FILE",
] as const;

const REGISTRY_LOGIN = [
  "SCHEMA_REGISTRY_USERNAME",
  "SCHEMA_REGISTRY_PASSWORD",
  "SCHEMA_REGISTRY_PASSWORD_FILE",
  "SCHEMA_REGISTRY_TOKEN",
  "SCHEMA_REGISTRY_TOKEN_FILE",
] as const;

function needs(setting: string, missing: string): UsageError {
  return new UsageError(
    `${setting} is set, and ${missing} ${
      missing.startsWith("neither ") ? "is" : "is not"
    }`,
  );
}

function readSasl(reader: SettingReader): SaslSettings {
  const protocol = "KAFKA_SECURITY_PROTOCOL";
  const mechanism = reader.choice("KAFKA_SASL_MECHANISM", SASL_MECHANISMS);
  if (mechanism === undefined) throw needs(protocol, "KAFKA_SASL_MECHANISM");
  const username = reader.text("KAFKA_SASL_USERNAME");
  if (username === undefined) throw needs(protocol, "KAFKA_SASL_USERNAME");
  const password = reader.secret("KAFKA_SASL_PASSWORD");
  if (password === undefined) {
    throw needs(
      "KAFKA_SASL_USERNAME",
      "neither KAFKA_SASL_PASSWORD nor KAFKA_SASL_PASSWORD_FILE",
    );
  }
  // SASL PLAIN separates the name and the password by one.
  if (password.reveal().includes("\0")) {
    throw new UsageError(
      "The password in KAFKA_SASL_PASSWORD_FILE contains a null byte",
    );
  }
  return { mechanism, username, password };
}

/**
 * Reads how the connection to Kafka is secured; undefined if nothing is set.
 *
 * @throws {UsageError} If settings contradict each other or are incomplete. The message names variables, never values.
 */
export function readKafkaSecurity(
  reader: SettingReader,
): KafkaSecurity | undefined {
  const protocol =
    reader.choice("KAFKA_SECURITY_PROTOCOL", SECURITY_PROTOCOLS) ??
      "PLAINTEXT";
  const withSasl = protocol === "SASL_PLAINTEXT" || protocol === "SASL_SSL";
  const withTls = protocol === "SSL" || protocol === "SASL_SSL";
  const otherThan = (allowed: string) => ({
    reason: `KAFKA_SECURITY_PROTOCOL is not ${allowed}`,
    hint: "Set the protocol that the brokers speak, or leave the other out.",
  });
  if (!withSasl) {
    reader.refuse(KAFKA_SASL, otherThan("SASL_SSL or SASL_PLAINTEXT"));
  }
  if (!withTls) {
    reader.refuse(tlsVariables("KAFKA_SSL"), otherThan("SASL_SSL or SSL"));
  }
  if (!withSasl && !withTls) return undefined;
  return {
    protocol,
    ...(withSasl && { sasl: readSasl(reader) }),
    ...(withTls && { tls: readTlsSettings(reader, "KAFKA_SSL") }),
  };
}

function basicAuth(reader: SettingReader, username: string): Secret[] {
  if (username.includes(":")) {
    throw new UsageError("SCHEMA_REGISTRY_USERNAME may not contain a colon");
  }
  const password = reader.secret("SCHEMA_REGISTRY_PASSWORD");
  if (password === undefined) {
    throw needs(
      "SCHEMA_REGISTRY_USERNAME",
      "neither SCHEMA_REGISTRY_PASSWORD nor SCHEMA_REGISTRY_PASSWORD_FILE",
    );
  }
  const pair = new TextEncoder().encode(`${username}:${password.reveal()}`);
  const encoded = pair.toBase64();
  return [new Secret(`Basic ${encoded}`), new Secret(encoded), password];
}

function readLogin(reader: SettingReader): Secret[] {
  const token = reader.secret("SCHEMA_REGISTRY_TOKEN");
  const [other] = reader.given(REGISTRY_LOGIN.slice(0, 3));
  if (token && other) {
    throw new UsageError(
      `${other} and ${reader.given(REGISTRY_LOGIN.slice(3))[0]} are both set`,
      { hint: "The registry takes a user with a password, or a token." },
    );
  }
  if (token) {
    // Anything else is not valid in a header, and the error about that would show the token.
    if (!/^[\x21-\x7e]+$/.test(token.reveal())) {
      throw new UsageError(
        "SCHEMA_REGISTRY_TOKEN, or its file, has to be one line of ASCII characters without spaces",
      );
    }
    return [new Secret(`Bearer ${token.reveal()}`), token];
  }
  const username = reader.text("SCHEMA_REGISTRY_USERNAME");
  if (username !== undefined) return basicAuth(reader, username);
  if (other) throw needs(other, "SCHEMA_REGISTRY_USERNAME");
  return [];
}

/**
 * Reads how the connection to the registry is secured; undefined if nothing is set.
 *
 * @throws {UsageError} If settings contradict each other or the URL, or are incomplete. The message names variables, never values.
 */
export function readRegistrySecurity(
  reader: SettingReader,
  registryUrl: string,
): RegistrySecurity | undefined {
  const [authorization, ...parts] = readLogin(reader);
  const tlsNames = tlsVariables("SCHEMA_REGISTRY");
  if (!registryUrl.startsWith("https:")) {
    reader.refuse(tlsNames, {
      reason: "the registry's URL is not https",
      code: "tls-without-https",
    });
  }
  const hasTls = reader.given(tlsNames).length > 0;
  if (!authorization && !hasTls) return undefined;
  return {
    ...(authorization && { authorization }),
    secrets: authorization ? [authorization, ...parts] : [],
    ...(hasTls && { tls: readTlsSettings(reader, "SCHEMA_REGISTRY") }),
  };
}

/**
 * Warns of credentials that go over plain text, a sentence for each such connection. A registry on this machine needs no warning. A
 * broker does: it directs the client to the addresses that the cluster advertises.
 */
export function plainTextWarnings(
  security: Security,
  registryUrl: string,
): string[] {
  const warnings: string[] = [];
  if (security.kafka?.protocol === "SASL_PLAINTEXT") {
    warnings.push(
      security.kafka.sasl?.mechanism === "PLAIN"
        ? "Warning: the password for Kafka and all events go over the network in plain text. Use SASL_SSL in KAFKA_SECURITY_PROTOCOL."
        : "Warning: all events go over the network in plain text, and the password can be guessed from the login. " +
          "Use SASL_SSL in KAFKA_SECURITY_PROTOCOL.",
    );
  }
  const { protocol, hostname } = new URL(registryUrl);
  if (
    security.registry?.authorization && protocol === "http:" &&
    !isLoopback(hostname)
  ) {
    warnings.push(
      "Warning: the credentials for the Schema Registry go over the network in plain text. Use an https URL in SCHEMA_REGISTRY_URL.",
    );
  }
  return warnings;
}
