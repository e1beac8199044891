/**
 * Errors of a TLS handshake: which side refused which certificate, and why.
 *
 * @module
 */

import { PipelineError } from "./errors.ts";

/** What each code, Node's or OpenSSL's, says of the server's certificate. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  CERT_REVOKED: "was revoked",
  CERT_UNTRUSTED: "is not signed by a trusted authority",
  CERT_SIGNATURE_FAILURE: "is damaged",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is not signed by a trusted authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another name",
  SELF_SIGNED_CERT_IN_CHAIN: "is not signed by a trusted authority",
  UNABLE_TO_GET_ISSUER_CERT: "is not signed by a trusted authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is not signed by a trusted authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is not signed by a trusted authority",
};

/** Reads an error's code, such as `ECONNREFUSED`; empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Tells whether this client refused the server's certificate. A retry doesn't help. */
export function isCertificateProblem(error: unknown): boolean {
  return Object.hasOwn(CERTIFICATE_PROBLEMS, codeOf(error));
}

/** Tells whether the server refused this client's certificate, or the lack of one. A retry doesn't help. */
export function isClientRefused(error: unknown): boolean {
  return /^ERR_SSL_\w+_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)$/
    .test(codeOf(error));
}

/** Says which side refused the other's certificate, and why; undefined if none did. */
export function explainCertificate(
  cause: unknown,
  { holder, peer, prefix }: {
    /** Who has the server's certificate, such as `the broker at localhost:9093`. */
    readonly holder: string;
    /** Who refuses the client's, to begin a sentence: `Kafka at localhost:9093`. */
    readonly peer: string;
    /** How the names of the variables begin: `KAFKA_SSL` or `SCHEMA_REGISTRY`. */
    readonly prefix: string;
  },
): PipelineError | undefined {
  const problem = CERTIFICATE_PROBLEMS[codeOf(cause)];
  if (problem !== undefined) {
    const hints: Readonly<Record<string, string>> = {
      "is for another name":
        "Use the name that the certificate is for, or have one issued for this name.",
      "is not signed by a trusted authority":
        `Name the file with its authority's certificate in ${prefix}_CA_FILE.`,
      "is not valid yet": "Check the clock of this machine.",
    };
    return new PipelineError(`The certificate of ${holder} ${problem}`, {
      cause,
      hint: hints[problem] ?? "The server needs a new one.",
    });
  }
  if (!isClientRefused(cause)) return undefined;
  return new PipelineError(
    `${peer} refuses this client's certificate, or requires one`,
    { cause, hint: `Check ${prefix}_CERT_FILE and ${prefix}_KEY_FILE.` },
  );
}
