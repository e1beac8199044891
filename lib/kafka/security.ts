/**
 * Security settings in kafkajs' terms: sockets that check certificates, and a login that shows no password.
 *
 * @module
 */

import { connect } from "node:net";
import type { ISocketFactory, KafkaConfig, Mechanism } from "kafkajs";
import { causes, messageOf } from "../base/errors.ts";
import { redact } from "../base/secret.ts";
import type { KafkaSecurity, SaslSettings } from "../settings/security.ts";
import { openTls } from "./tls.ts";

/** How often the system makes sure that an idle connection's other end is there, in milliseconds: as kafkajs has it. */
const KEEP_ALIVE_MS = 60_000;

type ProviderArgs = Parameters<Mechanism["authenticationProvider"]>[0];
type Provider = ReturnType<Mechanism["authenticationProvider"]>;

/** Makes sockets itself, as kafkajs would keep the private key where its objects show it. */
function socketFactory(security: KafkaSecurity | undefined): ISocketFactory {
  const secured = security?.protocol === "SSL" ||
    security?.protocol === "SASL_SSL";
  return ({ host, port, onConnect }) => {
    const socket = secured
      ? openTls({ host, port }, { tls: security.tls, onConnect })
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}

/** A login that ended because the connection did: says nothing of the password. */
function connectionFailure(error: unknown): unknown {
  return [...causes(error)].find((cause) =>
    cause instanceof Error &&
    /^KafkaJS(Connection|ConnectionClosed|RequestTimeout)Error$/.test(
      cause.name,
    )
  );
}

async function mechanism(sasl: SaslSettings): Promise<Mechanism> {
  const [{ default: providerOf }, { KafkaJSSASLAuthenticationError }] =
    await Promise.all([
      sasl.mechanism === "PLAIN"
        ? import("kafkajs/src/broker/saslAuthenticator/plain.js")
        : sasl.mechanism === "SCRAM-SHA-256"
        ? import("kafkajs/src/broker/saslAuthenticator/scram256.js")
        : import("kafkajs/src/broker/saslAuthenticator/scram512.js"),
      import("kafkajs/src/errors.js"),
    ]);
  // Getters that aren't enumerable: whoever shows or copies the object doesn't get the password.
  const credentials = Object.defineProperties({}, {
    username: { get: () => sasl.username },
    password: { get: () => sasl.password.reveal() },
  });
  const hide = (text: string) => redact(text, [sasl.password]);
  return {
    mechanism: sasl.mechanism,
    authenticationProvider(args: ProviderArgs): Provider {
      let failure: unknown;
      const saslAuthenticate: ProviderArgs["saslAuthenticate"] = async (
        request,
      ) => {
        try {
          return await args.saslAuthenticate(request);
        } catch (error) {
          failure = error;
          throw error;
        }
      };
      const provider: Provider = providerOf(credentials)({
        ...args,
        saslAuthenticate,
      });
      return {
        async authenticate() {
          try {
            await provider.authenticate();
          } catch (error) {
            // kafkajs takes whatever goes wrong meanwhile for a refusal, which it doesn't try again: also a broker that restarts.
            const lost = connectionFailure(failure);
            if (lost) throw lost;
            throw new KafkaJSSASLAuthenticationError(hide(messageOf(error)));
          }
        },
      };
    },
  };
}

/**
 * Puts security settings into kafkajs' terms.
 *
 * @param security How the connection is secured; plain text with no login where it is left out.
 * @returns A part of kafkajs' settings.
 */
export async function kafkaSecuritySettings(
  security: KafkaSecurity | undefined,
): Promise<Pick<KafkaConfig, "sasl" | "socketFactory">> {
  return {
    socketFactory: socketFactory(security),
    ...(security?.sasl && { sasl: await mechanism(security.sasl) }),
  };
}
