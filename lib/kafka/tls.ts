/**
 * TLS connections to brokers.
 *
 * @module
 */

import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { tlsOptions, type TlsSettings } from "../settings/tls.ts";

/** Opens a TLS connection. The server's certificate and its name are always checked, before `onConnect` is called. */
export function openTls(
  address: { readonly host: string; readonly port: number },
  options: {
    readonly tls: TlsSettings | undefined;
    readonly onConnect: () => void;
  },
): TLSSocket {
  const { tls, onConnect } = options;
  return connect({
    ...address,
    ...(isIP(address.host) ? {} : { servername: address.host }),
    ...tlsOptions(tls),
  }, onConnect);
}
