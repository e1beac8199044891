/**
 * TLS: whom to trust, who this is, and what it means when a handshake fails.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { UsageError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { SettingReader } from "./setting_reader.ts";

/** Whom to trust, and who this is. */
export interface TlsSettings {
  /** The variables' names begin so, in messages: `KAFKA_SSL` or `SCHEMA_REGISTRY`. */
  readonly prefix: string;
  /**
   * Certificates of authorities to trust, in PEM: for Kafka instead of the system's, for the registry besides them. Equals
   * `ssl.truststore.certificates`.
   */
  readonly ca?: readonly string[];
  /** This client's certificate, with those between it and its authority, in PEM. Equals `ssl.keystore.certificate.chain`. */
  readonly cert?: string;
  /** The certificate's private key, in PEM, decrypted. Equals `ssl.keystore.key`. */
  readonly key?: Secret;
}

/** What follows the prefix in the variables' names. */
export const TLS_SUFFIXES = [
  "CA_FILE",
  "CERT_FILE",
  "KEY_FILE",
  "KEY_PASSWORD",
  "KEY_PASSWORD_FILE",
] as const;

/** Takes a PEM text with certificates apart. Deno passes over, in silence, what it can't read. */
function readCertificates(name: string, pem: string): string[] {
  const found = pem.match(
    /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g,
  );
  if (!found) {
    throw new UsageError(
      `The file that ${name} names holds no certificate in PEM`,
      { hint: "It has to have a line -----BEGIN CERTIFICATE-----." },
    );
  }
  for (const certificate of found) parseCertificate(name, certificate);
  return [...found];
}

function parseCertificate(name: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new UsageError(
      `A certificate in the file that ${name} names is damaged`,
    );
  }
}

function readKey(
  prefix: string,
  pem: string,
  password: Secret | undefined,
): KeyObject {
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && !password) {
    throw new UsageError(
      `The key that ${prefix}_KEY_FILE names is encrypted, and neither ${prefix}_KEY_PASSWORD nor ${prefix}_KEY_PASSWORD_FILE is set`,
    );
  }
  if (!encrypted && password) {
    throw new UsageError(
      `${prefix}_KEY_PASSWORD, or its file, is set, and the key that ${prefix}_KEY_FILE names is not encrypted`,
    );
  }
  try {
    return createPrivateKey({
      key: pem,
      ...(password && { passphrase: password.reveal() }),
    });
  } catch {
    // No cause: it may show the key.
    throw new UsageError(
      encrypted
        ? `The key that ${prefix}_KEY_FILE names can't be decrypted`
        : `The file that ${prefix}_KEY_FILE names holds no private key in PEM`,
      encrypted
        ? { hint: `Check ${prefix}_KEY_PASSWORD, or its file.` }
        : { hint: "It has to have a line -----BEGIN PRIVATE KEY-----." },
    );
  }
}

/**
 * Reads whom to trust and who this is.
 *
 * @param reader Reads the settings.
 * @param prefix How the variables' names begin.
 * @returns The settings.
 * @throws {UsageError} If a file can't be used, or a certificate and a key don't belong together.
 */
export function readTlsSettings(
  reader: SettingReader,
  prefix: string,
): TlsSettings {
  const caFile = reader.file(`${prefix}_CA_FILE`);
  const ca = caFile === undefined
    ? undefined
    : readCertificates(`${prefix}_CA_FILE`, caFile);
  const cert = reader.file(`${prefix}_CERT_FILE`);
  const keyText = reader.file(`${prefix}_KEY_FILE`);
  const password = reader.secret(`${prefix}_KEY_PASSWORD`);
  if ((cert === undefined) !== (keyText === undefined)) {
    const names = [`${prefix}_CERT_FILE`, `${prefix}_KEY_FILE`];
    const [set, missing] = cert === undefined ? names.toReversed() : names;
    throw new UsageError(`${set} is set, and ${missing} is not`);
  }
  if (cert === undefined || keyText === undefined) {
    if (password) {
      throw new UsageError(
        `${prefix}_KEY_PASSWORD, or its file, is set, and ${prefix}_KEY_FILE is not`,
      );
    }
    return { prefix, ...(ca && { ca }) };
  }
  const [own = ""] = readCertificates(`${prefix}_CERT_FILE`, cert);
  const key = readKey(prefix, keyText, password);
  if (!parseCertificate(`${prefix}_CERT_FILE`, own).checkPrivateKey(key)) {
    throw new UsageError(
      `The key that ${prefix}_KEY_FILE names is not that of the certificate that ${prefix}_CERT_FILE names`,
    );
  }
  return {
    prefix,
    ...(ca && { ca }),
    cert,
    key: new Secret(String(key.export({ type: "pkcs8", format: "pem" }))),
  };
}

/**
 * Opens a TLS connection. The server's certificate and its name are always checked.
 *
 * @param address Where to.
 * @param tls Whom to trust, and who this is.
 * @param onConnect Is called once the handshake is done and the certificate found good.
 * @returns The socket.
 */
export function openTls(
  address: { readonly host: string; readonly port: number },
  tls: TlsSettings | undefined,
  onConnect: () => void,
): TLSSocket {
  return connect({
    ...address,
    ...(isIP(address.host) ? {} : { servername: address.host }),
    ...(tls?.ca && { ca: [...tls.ca] }),
    ...(tls?.cert && { cert: tls.cert }),
    ...(tls?.key && { key: tls.key.reveal() }),
    // The default, unless NODE_TLS_REJECT_UNAUTHORIZED says otherwise, which must not count here.
    rejectUnauthorized: true,
  }, onConnect);
}

/** The codes, Node's and OpenSSL's, by which a server's certificate is refused, and what each means to a person. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "was revoked",
  CERT_UNTRUSTED: "is signed by nobody that is trusted",
  CERT_SIGNATURE_FAILURE: "is damaged",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by nobody that is trusted",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another name",
  SELF_SIGNED_CERT_IN_CHAIN: "is signed by nobody that is trusted",
  UNABLE_TO_GET_ISSUER_CERT: "is signed by nobody that is trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is signed by nobody that is trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is signed by nobody that is trusted",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/**
 * Tells whether an error means that the server's certificate was refused.
 *
 * @param error What a socket, or a library that uses one, gave.
 * @returns Whether it is so. Trying again doesn't help then.
 */
export function isCertificateProblem(error: unknown): boolean {
  return Object.hasOwn(CERTIFICATE_PROBLEMS, codeOf(error));
}

/**
 * Says why a server's certificate was refused.
 *
 * @param error What a socket, or a library that uses one, gave: a certificate problem.
 * @param server Which server, to begin the sentence.
 * @param prefix How the variables' names begin: `KAFKA_SSL` or `SCHEMA_REGISTRY`.
 * @returns The sentence, and what to do.
 */
export function explainCertificate(
  error: unknown,
  server: string,
  prefix: string,
): { readonly message: string; readonly hint: string } {
  const code = codeOf(error);
  const problem = CERTIFICATE_PROBLEMS[code] ?? "is refused";
  const hints: Readonly<Record<string, string>> = {
    "is for another name":
      "Name the server as its certificate does, or have one made for this name.",
    "is signed by nobody that is trusted":
      `Name the file with its authority's certificate in ${prefix}_CA_FILE.`,
  };
  return {
    message: `The certificate of ${server} ${problem}`,
    hint: hints[problem] ?? "Its owner has to put a good one in its place.",
  };
}

/**
 * Tells whether an error means that the server refuses this client's certificate, or that there is none.
 *
 * @param error What a socket, or a library that uses one, gave.
 * @returns Whether it is so. Trying again doesn't help then.
 */
export function isClientRefused(error: unknown): boolean {
  return /^ERR_SSL_\w+_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)$/
    .test(codeOf(error));
}

/** How long a server may take to refuse a client after the handshake, in milliseconds. */
const REFUSAL_MS = 500;

/** How a handshake went: done, refused by this side, refused by the server, or broken off for another reason. */
export type HandshakeOutcome =
  | "done"
  | "certificate refused"
  | "refused"
  | "failed";

/**
 * Tries whether a port speaks TLS, and on what terms. Sends nothing but the handshake.
 *
 * @param address Where to.
 * @param tls Whom to trust, and who this is.
 * @param timeoutMs How long it may take, in milliseconds.
 * @returns How it went, and with which error.
 */
export function handshake(
  address: { readonly host: string; readonly port: number },
  tls: TlsSettings | undefined,
  timeoutMs: number,
): Promise<{ readonly outcome: HandshakeOutcome; readonly error?: Error }> {
  const { promise, resolve } = Promise.withResolvers<
    { readonly outcome: HandshakeOutcome; readonly error?: Error }
  >();
  // A server of TLS 1.3 refuses a client's certificate after that client's handshake is done.
  const socket = openTls(
    address,
    tls,
    () => socket.setTimeout(REFUSAL_MS, () => end({ outcome: "done" })),
  );
  const end = (result: Awaited<typeof promise>) => {
    socket.destroy();
    resolve(result);
  };
  socket.setTimeout(timeoutMs, () => end({ outcome: "failed" }));
  socket.once("error", (error) =>
    end({
      outcome: isCertificateProblem(error)
        ? "certificate refused"
        : isClientRefused(error)
        ? "refused"
        : "failed",
      error,
    }));
  socket.once("close", () => end({ outcome: "failed" }));
  return promise;
}
