/**
 * Security settings in kafkajs' terms: sockets that check certificates, and a login that shows no password.
 *
 * @module
 */

import { connect } from "node:net";
import type { ISocketFactory, KafkaConfig, Mechanism } from "./kafkajs.ts";
import { messageOf } from "../base/errors.ts";
import { redact } from "../base/secret.ts";
import type { KafkaSecurity, SaslSettings } from "../settings/security.ts";
import { isKafkaOutage } from "./errors.ts";
import { loadSasl } from "./patches/sasl.ts";
import { openTls } from "./tls.ts";

/** How often the system probes the other end of an idle connection, in milliseconds: kafkajs' default. */
const KEEP_ALIVE_MS = 60_000;

type ProviderArgs = Parameters<Mechanism["authenticationProvider"]>[0];
type Provider = ReturnType<Mechanism["authenticationProvider"]>;

/** Opens kafkajs' sockets: its own way would keep the private key where its objects show it. */
function socketFactory(security: KafkaSecurity | undefined): ISocketFactory {
  const secured = security?.protocol === "SSL" ||
    security?.protocol === "SASL_SSL";
  return ({ host: name, port, onConnect }) => {
    // Some clusters advertise an IPv6 address in brackets.
    const host = name.replace(/^\[|\]$/g, "");
    const socket = secured
      ? openTls({ host, port }, { tls: security.tls, onConnect })
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };
}

async function mechanism(sasl: SaslSettings): Promise<Mechanism> {
  const { authenticator, KafkaJSSASLAuthenticationError } = await loadSasl(
    sasl.mechanism,
  );
  // Getters that aren't enumerable: an object that is shown or copied doesn't contain the password.
  const credentials = Object.defineProperties({}, {
    username: { get: () => sasl.username },
    password: { get: () => sasl.password.reveal() },
  });
  const hide = (text: string) => redact(text, [sasl.password]);
  return {
    mechanism: sasl.mechanism,
    authenticationProvider(args: ProviderArgs): Provider {
      let failure: unknown;
      const provider: Provider = authenticator(credentials)({
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
            throw new KafkaJSSASLAuthenticationError(hide(messageOf(error)));
          }
        },
      };
    },
  };
}

/** Puts security settings into kafkajs' terms: without any, plain text and no login. */
export async function kafkaSecuritySettings(
  security: KafkaSecurity | undefined,
): Promise<Pick<KafkaConfig, "sasl" | "socketFactory">> {
  return {
    socketFactory: socketFactory(security),
    ...(security?.sasl && { sasl: await mechanism(security.sasl) }),
  };
}
