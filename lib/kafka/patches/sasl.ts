/**
 * kafkajs' own authenticators, for a login that shows no password.
 *
 * @module
 */

import type { Mechanism } from "../kafkajs.ts";
import type { SaslMechanism } from "../../settings/security.ts";
import { loadKafkajsFile } from "./load.ts";

type MakeProvider = Mechanism["authenticationProvider"];

const FILES: Readonly<Record<SaslMechanism, string>> = {
  "PLAIN": "plain",
  "SCRAM-SHA-256": "scram256",
  "SCRAM-SHA-512": "scram512",
};

/** What a login by a mechanism needs. */
export interface Sasl {
  readonly authenticator: (credentials: object) => MakeProvider;
  /** The error by which kafkajs recognises a refused login. */
  readonly KafkaJSSASLAuthenticationError: new (message: string) => Error;
}

/** Loads what a login by a mechanism needs. */
export async function loadSasl(mechanism: SaslMechanism): Promise<Sasl> {
  const file = `src/broker/saslAuthenticator/${FILES[mechanism]}.js`;
  const [authenticator, { KafkaJSSASLAuthenticationError }] = await Promise.all(
    [
      loadKafkajsFile<Sasl["authenticator"]>(file),
      loadKafkajsFile<Pick<Sasl, "KafkaJSSASLAuthenticationError">>(
        "src/errors.js",
      ),
    ],
  );
  return { authenticator, KafkaJSSASLAuthenticationError };
}
