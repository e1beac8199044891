/**
 * Refusals of a login, a right or a certificate. A retry doesn't help.
 *
 * @module
 */

import type { Config } from "../settings/config.ts";
import { causes, PipelineError } from "../base/errors.ts";
import {
  explainCertificate,
  isCertificateProblem,
  isClientRefused,
} from "../base/certificate_errors.ts";
import type { SecurityProtocol } from "../settings/security.ts";

/** What each of Kafka's codes denies a right on. */
const MISSING_RIGHTS = {
  TOPIC_AUTHORIZATION_FAILED: "topic",
  GROUP_AUTHORIZATION_FAILED: "group",
  CLUSTER_AUTHORIZATION_FAILED: "cluster",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "transactional id",
} as const;

function typeOf(error: Error): string {
  return "type" in error ? String(error.type) : "";
}

function isLoginRefused(error: Error): boolean {
  return error.name === "KafkaJSSASLAuthenticationError" ||
    [
      "SASL_AUTHENTICATION_FAILED",
      "UNSUPPORTED_SASL_MECHANISM",
      "ILLEGAL_SASL_STATE",
    ].includes(typeOf(error));
}

/** Tells whether a login, a right or a certificate was refused. */
export function isDenial(error: Error): boolean {
  return isLoginRefused(error) || isCertificateProblem(error) ||
    isClientRefused(error) ||
    Object.hasOwn(MISSING_RIGHTS, typeOf(error));
}

/** Says in plain words what was refused. The options say what kafkajs threw, and what failed, to begin the sentence. */
export function explainDenial(
  denial: Error,
  options: {
    readonly cause: unknown;
    readonly config: Config;
    readonly action: string;
  },
): PipelineError {
  const { cause, config, action } = options;
  const broker = "broker" in denial && denial.broker ||
    config.brokers.join(",");
  return explainBrokerCertificate(String(broker), denial) ??
    explainMissingRight(cause, action) ??
    explainLogin(typeOf(denial), { cause, config });
}

/** Says in plain words which right is missing for an action, which begins the sentence; undefined if the error is not about rights. */
export function explainMissingRight(
  error: unknown,
  action: string,
): PipelineError | undefined {
  for (const cause of causes(error)) {
    const type = cause instanceof Error ? typeOf(cause) : "";
    if (!(type in MISSING_RIGHTS)) continue;
    const resource = MISSING_RIGHTS[type as keyof typeof MISSING_RIGHTS];
    const name = resource === "group" ? "consumer group" : resource;
    return new PipelineError(
      `${action} failed: the user lacks a right on the ${name} (${type})`,
      { cause: error, code: "right-missing", details: { resource } },
    );
  }
  return undefined;
}

function explainLogin(
  type: string,
  { cause, config }: { readonly cause: unknown; readonly config: Config },
): PipelineError {
  const brokers = config.brokers.join(",");
  const { protocol, sasl } = config.security?.kafka ?? {};
  if (type === "ILLEGAL_SASL_STATE") {
    return wrongProtocol(brokers, {
      protocol: protocol ?? "PLAINTEXT",
      instead: "takes no SASL login",
    });
  }
  const mechanism = sasl?.mechanism ?? "";
  if (type === "UNSUPPORTED_SASL_MECHANISM") {
    return new PipelineError(
      `Kafka at ${brokers} does not offer the login by ${mechanism}`,
      {
        cause,
        hint: "Check KAFKA_SASL_MECHANISM.",
      },
    );
  }
  return new PipelineError(
    `Kafka at ${brokers} refuses the login by ${mechanism}`,
    {
      cause,
      hint:
        "Check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD (or its file) and KAFKA_SASL_MECHANISM.",
    },
  );
}

/** Makes the error for a listener that does something else, to continue the sentence, than the protocol of the settings says. */
export function wrongProtocol(
  broker: string,
  options: { readonly protocol: SecurityProtocol; readonly instead: string },
): PipelineError {
  const { protocol, instead } = options;
  return new PipelineError(
    `The broker at ${broker} ${instead}, and KAFKA_SECURITY_PROTOCOL is ${protocol}`,
    {
      hint:
        "Set KAFKA_SECURITY_PROTOCOL to what this port speaks, or name the port of another listener in KAFKA_BROKERS.",
    },
  );
}

/** Says which side refused the other's certificate. Returns an error to print; undefined if no certificate was refused. */
export function explainBrokerCertificate(
  broker: string,
  cause: unknown,
): PipelineError | undefined {
  return explainCertificate(cause, {
    holder: `the broker at ${broker}`,
    peer: `Kafka at ${broker}`,
    prefix: "KAFKA_SSL",
  });
}
