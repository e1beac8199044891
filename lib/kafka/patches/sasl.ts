/**
 * kafkajs' own authenticators, for a login that shows no password.
 *
 * @module
 */

import type { SaslMechanism } from "../../settings/security.ts";

async function authenticatorOf(mechanism: SaslMechanism) {
  switch (mechanism) {
    case "PLAIN":
      return await import("kafkajs/src/broker/saslAuthenticator/plain.js");
    case "SCRAM-SHA-256":
      return await import("kafkajs/src/broker/saslAuthenticator/scram256.js");
    case "SCRAM-SHA-512":
      return await import("kafkajs/src/broker/saslAuthenticator/scram512.js");
  }
}

/**
 * Loads what a login by a mechanism needs.
 *
 * @param mechanism The mechanism.
 * @returns What makes an authenticator of credentials, and the error by which kafkajs recognises a refused login.
 */
export async function loadSasl(mechanism: SaslMechanism) {
  const [{ default: authenticator }, { KafkaJSSASLAuthenticationError }] =
    await Promise.all([
      authenticatorOf(mechanism),
      import("kafkajs/src/errors.js"),
    ]);
  return { authenticator, KafkaJSSASLAuthenticationError };
}
