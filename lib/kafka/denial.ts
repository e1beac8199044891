/**
 * What a broker refuses, or is refused for: a login, a right, a certificate. Trying again doesn't help.
 *
 * @module
 */

import type { Config } from "../settings/config.ts";
import { causes, PipelineError } from "../base/errors.ts";
import { clientRefused, wrongProtocol } from "../operate/kafka_listener.ts";
import {
  explainCertificate,
  isCertificateProblem,
  isClientRefused,
} from "../settings/tls.ts";

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

/**
 * Tells whether an error means that a login, a right or a certificate was refused.
 *
 * @param error One of the errors behind what kafkajs threw.
 * @returns Whether it is so.
 */
export function isDenial(error: Error): boolean {
  return isLoginRefused(error) || isCertificateProblem(error) ||
    isClientRefused(error) ||
    Object.hasOwn(MISSING_RIGHTS, typeOf(error));
}

/**
 * Says in plain words what was refused.
 *
 * @param denial The error that says it.
 * @param cause What kafkajs threw.
 * @param config Where the brokers are, and how the connection is secured.
 * @param action What was being done, to begin the sentence.
 * @returns An error to print.
 */
export function explainDenial(
  denial: Error,
  cause: unknown,
  config: Config,
  action: string,
): PipelineError {
  const brokers = config.brokers.join(",");
  const type = typeOf(denial);
  if (isCertificateProblem(denial)) {
    const server = "broker" in denial && denial.broker
      ? `the broker at ${denial.broker}`
      : `a broker of ${brokers}`;
    const { message, hint } = explainCertificate(denial, server, "KAFKA_SSL");
    return new PipelineError(message, { cause, hint });
  }
  if (isClientRefused(denial)) return clientRefused(brokers, cause);
  return explainMissingRight(cause, action) ??
    explainLogin(type, cause, config);
}

/**
 * Says in plain words which right is missing.
 *
 * @param error What kafkajs threw.
 * @param action What was being done, to begin the sentence.
 * @returns An error to print; nothing where it isn't about rights.
 */
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
  cause: unknown,
  config: Config,
): PipelineError {
  const brokers = config.brokers.join(",");
  const { protocol, sasl } = config.security?.kafka ?? {};
  if (type === "ILLEGAL_SASL_STATE") {
    return wrongProtocol(brokers, protocol ?? "PLAINTEXT", "with no login");
  }
  const mechanism = sasl?.mechanism ?? "";
  if (type === "UNSUPPORTED_SASL_MECHANISM") {
    return new PipelineError(
      `Kafka at ${brokers} has no login by ${mechanism}`,
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
