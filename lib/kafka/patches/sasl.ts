/**
 * A login by kafkajs' own authenticators that shows no password.
 *
 * @module
 */

import { messageOf } from "../../base/errors.ts";
import { redact } from "../../base/secret.ts";
import type { SaslSettings } from "../../settings/security.ts";
import { isKafkaOutage } from "../errors.ts";
import type { Mechanism } from "../kafkajs.ts";
import { loadKafkajsFile } from "./load.ts";

type MakeProvider = Mechanism["authenticationProvider"];

interface Errors {
  /** The error by which kafkajs recognises a refused login. */
  readonly KafkaJSSASLAuthenticationError: new (message: string) => Error;
}

const FILES = {
  "PLAIN": "plain",
  "SCRAM-SHA-256": "scram256",
  "SCRAM-SHA-512": "scram512",
} as const;

/** Puts a login into kafkajs' terms. */
export async function saslMechanism(sasl: SaslSettings): Promise<Mechanism> {
  const { mechanism, password } = sasl;
  const authenticator = await loadKafkajsFile<
    (credentials: object) => MakeProvider
  >(`src/broker/saslAuthenticator/${FILES[mechanism]}.js`);
  const errors = await loadKafkajsFile<Errors>("src/errors.js");
  // Getters that aren't enumerable: an object that is shown or copied doesn't contain the password.
  const credentials = Object.defineProperties({}, {
    username: { get: () => sasl.username },
    password: { get: () => password.reveal() },
  });
  return {
    mechanism,
    authenticationProvider(args) {
      let failure: unknown;
      const provider = authenticator(credentials)({
        ...args,
        saslAuthenticate: (request) =>
          args.saslAuthenticate(request).catch((error) => {
            failure = error;
            throw error;
          }),
      });
      return {
        async authenticate() {
          try {
            await provider.authenticate();
          } catch (error) {
            // kafkajs takes any failure of a login for a refusal and doesn't retry it, also the restart of a broker.
            if (isKafkaOutage(failure)) throw failure;
            throw new errors.KafkaJSSASLAuthenticationError(
              redact(messageOf(error), [password]),
            );
          }
        },
      };
    },
  };
}
