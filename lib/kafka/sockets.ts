/**
 * Sockets to brokers.
 *
 * @module
 */

import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { KafkaSecurity } from "../settings/security.ts";
import { tlsOptions, type TlsSettings } from "../settings/tls.ts";

/** How often the system probes the other end of an idle connection, in milliseconds: kafkajs' default. */
const KEEP_ALIVE_MS = 60_000;

/** Where a socket leads to, and what is called when it is open. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

/** Opens a TLS connection. The server's certificate and its name are always checked, before `onConnect` is called. */
export function openTls(
  { host, port, onConnect }: Destination,
  tls: TlsSettings | undefined,
): TLSSocket {
  return connectTls({
    host,
    port,
    ...(isIP(host) ? {} : { servername: host }),
    ...tlsOptions(tls),
  }, onConnect);
}

/** Makes what opens sockets, also kafkajs': its own way would keep the private key where its objects show it. */
export function socketFactory(
  security: Pick<KafkaSecurity, "protocol" | "tls"> | undefined,
): (to: Destination) => Socket {
  return ({ host: name, port, onConnect }) => {
    // Some clusters advertise an IPv6 address in brackets.
    const host = name.replace(/^\[|\]$/g, "");
    const socket = security?.protocol.endsWith("SSL")
      ? openTls({ host, port, onConnect }, security.tls)
      : connect({ host, port }, onConnect);
    return socket.setKeepAlive(true, KEEP_ALIVE_MS);
  };
}
