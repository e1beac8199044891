/**
 * A TLS handshake as a probe: whether a port speaks TLS, and which side refuses the other's certificate.
 *
 * @module
 */

import {
  isCertificateProblem,
  isClientRefused,
} from "../base/certificate_errors.ts";
import { openTls } from "../kafka/sockets.ts";
import type { TlsSettings } from "../settings/tls.ts";

/** How long a server may take to refuse a client after the handshake, in milliseconds. */
const REFUSAL_MS = 500;

/** How a handshake ended. */
export interface HandshakeResult {
  /** Whether the server speaks TLS: it was accepted, or one side refused the other's certificate. */
  readonly speaksTls: boolean;
  readonly error?: Error;
  /** Until when the server's certificate is valid, as it says it; undefined if it was not accepted. */
  readonly validTo?: string;
}

/** Tries a handshake. Sends nothing else. */
export function handshake(
  address: { readonly host: string; readonly port: number },
  options: {
    readonly tls: TlsSettings | undefined;
    readonly timeoutMs: number;
  },
): Promise<HandshakeResult> {
  const { tls, timeoutMs } = options;
  const { promise, resolve } = Promise.withResolvers<HandshakeResult>();
  let accepted: Pick<HandshakeResult, "validTo"> = {};
  const end = (result: HandshakeResult) => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ ...result, ...accepted });
  };
  let timer = setTimeout(() => end({ speaksTls: false }), timeoutMs);
  // With TLS 1.3, a server refuses a client's certificate after that client's handshake is done.
  const onConnect = () => {
    clearTimeout(timer);
    accepted = { validTo: socket.getPeerCertificate().valid_to };
    timer = setTimeout(() => end({ speaksTls: true }), REFUSAL_MS);
  };
  const socket = openTls({ ...address, onConnect }, tls);
  socket.once("error", (error) =>
    end({
      speaksTls: isCertificateProblem(error) || isClientRefused(error),
      error,
    }));
  socket.once("close", () => end({ speaksTls: false }));
  return promise;
}
