/**
 * Why Kafka can't be reached: whether a port speaks plain text or TLS, with a login or without.
 *
 * If that is not what the settings say, a broker closes the connection without an answer, as if it were down. So the port is
 * asked for its SASL mechanisms, a request that sends no secret.
 *
 * @module
 */

import { isCertificateProblem } from "../base/certificate_errors.ts";
import type { PipelineError } from "../base/errors.ts";
import { explainBrokerCertificate, wrongProtocol } from "../kafka/denial.ts";
import { addressOf, askBroker, type ExchangeOptions } from "../kafka/probe.ts";
import { openTls, socketFactory } from "../kafka/sockets.ts";
import type { Config } from "../settings/config.ts";
import type { KafkaSecurity } from "../settings/security.ts";
import { handshake } from "./handshake.ts";

const TIMEOUT_MS = 3_000;

/** SaslHandshake, version 1, for PLAIN: every broker with a login answers it, if only with the mechanisms that it has. */
const SASL_HANDSHAKE = {
  apiKey: 17,
  apiVersion: 1,
  body: new TextEncoder().encode("\0\x05PLAIN"),
} as const;

const ILLEGAL_SASL_STATE = 34;

/** What a port's answer says; the error if it has none. */
type Answer = "login" | "no login" | Error;

async function ask(
  broker: string,
  open: ExchangeOptions["open"],
): Promise<Answer> {
  try {
    const code = await askBroker(broker, {
      request: SASL_HANDSHAKE,
      open,
      timeoutMs: TIMEOUT_MS,
    });
    return code === ILLEGAL_SASL_STATE ? "no login" : "login";
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Says what is wrong with a broker; null if it speaks what the settings say, undefined if it can't be told. */
async function examine(
  broker: string,
  security: KafkaSecurity | undefined,
): Promise<PipelineError | null | undefined> {
  const { protocol = "PLAINTEXT", tls } = security ?? {};
  const [plain, secured, tried] = await Promise.all([
    ask(broker, socketFactory(undefined)),
    ask(broker, (to) => openTls(to, tls)),
    // A client that sends something to a server that refuses it may lose the refusal when the server closes the connection.
    handshake(addressOf(broker), { tls, timeoutMs: TIMEOUT_MS }),
  ]);
  const wrong = (instead: string) =>
    wrongProtocol(broker, { protocol, instead });
  const speaksTls = !(secured instanceof Error) || tried.speaksTls ||
    isCertificateProblem(secured);
  if (!speaksTls && plain instanceof Error) return undefined;
  if (speaksTls !== protocol.endsWith("SSL")) {
    return wrong(speaksTls ? "speaks TLS" : "speaks plain text");
  }
  const answer = speaksTls ? secured : plain;
  if (answer instanceof Error) {
    return explainBrokerCertificate(broker, answer) ??
      explainBrokerCertificate(broker, tried.error);
  }
  if ((answer === "login") !== protocol.startsWith("SASL")) {
    return wrong(
      answer === "login" ? "requires a SASL login" : "takes no SASL login",
    );
  }
  return null;
}

/**
 * Finds out why Kafka can't be reached. All brokers are asked at once, within 3 s. Returns what is wrong with the first
 * broker that can be told; undefined if one speaks what the settings say, or if it looks like an outage.
 */
export async function diagnoseKafka(
  config: Config,
): Promise<PipelineError | undefined> {
  const found = await Promise.all(
    config.brokers.map((broker) => examine(broker, config.security?.kafka)),
  );
  return found.includes(null) ? undefined : found.find((error) => error) ??
    undefined;
}
