/**
 * TLS settings: which authorities to trust, and this client's certificate.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import { UsageError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import type { SettingReader } from "./setting_reader.ts";

/** Which authorities to trust, and this client's certificate. */
export interface TlsSettings {
  /** Certificates of authorities to trust instead of the system's, in PEM. Equals `ssl.truststore.certificates`. */
  readonly ca?: readonly string[];
  /** This client's certificate, with those between it and its authority, in PEM. Equals `ssl.keystore.certificate.chain`. */
  readonly cert?: string;
  /** The certificate's private key, in PEM, decrypted. Equals `ssl.keystore.key`. */
  readonly key?: Secret;
}

/** Names the variables that {@linkcode readTlsSettings} reads. */
export function tlsVariables(prefix: string): string[] {
  return ["CA_FILE", "CERT_FILE", "KEY_FILE", "KEY_PASSWORD"]
    .concat("KEY_PASSWORD_FILE")
    .map((suffix) => `${prefix}_${suffix}`);
}

/** Splits a PEM text into certificates. Each is parsed here, as Deno silently skips what it can't read. */
function readCertificates(name: string, pem: string): string[] {
  const found = pem.match(
    /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g,
  );
  if (!found) {
    throw new UsageError(
      `The file that ${name} names contains no certificate in PEM`,
      { hint: "A line of it has to be -----BEGIN CERTIFICATE-----." },
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
  pem: string,
  { prefix, password }: {
    readonly prefix: string;
    readonly password: Secret | undefined;
  },
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
    // Without a cause, which may show the key.
    throw new UsageError(
      encrypted
        ? `The key that ${prefix}_KEY_FILE names can't be decrypted`
        : `The file that ${prefix}_KEY_FILE names contains no private key in PEM`,
      encrypted
        ? { hint: `Check ${prefix}_KEY_PASSWORD, or its file.` }
        : { hint: "A line of it has to be -----BEGIN PRIVATE KEY-----." },
    );
  }
}

/**
 * Reads the trusted authorities and the client's certificate.
 *
 * @param prefix How the names of the variables begin: `KAFKA_SSL` or `SCHEMA_REGISTRY`.
 * @throws {UsageError} If a file can't be used, or the certificate and the key don't belong together.
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
  const keyText = reader.secretFile(`${prefix}_KEY_FILE`);
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
    return { ...(ca && { ca }) };
  }
  const [own = ""] = readCertificates(`${prefix}_CERT_FILE`, cert);
  const key = readKey(keyText, { prefix, password });
  if (!parseCertificate(`${prefix}_CERT_FILE`, own).checkPrivateKey(key)) {
    throw new UsageError(
      `The key that ${prefix}_KEY_FILE names does not belong to the certificate that ${prefix}_CERT_FILE names`,
    );
  }
  return {
    ...(ca && { ca }),
    cert,
    key: new Secret(String(key.export({ type: "pkcs8", format: "pem" }))),
  };
}

/** Puts the settings into the terms of Node's `tls.connect` and `https.request`. */
export function tlsOptions(
  tls: TlsSettings | undefined,
): Pick<ConnectionOptions, "ca" | "cert" | "key" | "rejectUnauthorized"> {
  return {
    ...(tls?.ca && { ca: [...tls.ca] }),
    ...(tls?.cert && { cert: tls.cert }),
    ...(tls?.key && { key: tls.key.reveal() }),
    // The default, which NODE_TLS_REJECT_UNAUTHORIZED must not change.
    rejectUnauthorized: true,
  };
}
