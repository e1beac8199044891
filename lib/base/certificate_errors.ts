/**
 * Errors of a TLS handshake: which side refused which certificate, and why.
 *
 * @module
 */

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

/**
 * Reads an error's code.
 *
 * @param error What a socket, or a library that uses one, threw.
 * @returns Its code, such as `ECONNREFUSED`; the empty text if it has none.
 */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/**
 * Tells whether this client refused the server's certificate. A retry doesn't help.
 *
 * @param error What a socket, or a library that uses one, threw.
 * @returns Whether it did.
 */
export function isCertificateProblem(error: unknown): boolean {
  return Object.hasOwn(CERTIFICATE_PROBLEMS, codeOf(error));
}

/**
 * Says why this client refused the server's certificate.
 *
 * @param error What a socket, or a library that uses one, threw: a certificate problem.
 * @param options The server, to end the sentence's subject, and how the names of its variables begin: `KAFKA_SSL` or
 * `SCHEMA_REGISTRY`.
 * @returns The sentence, and what to do.
 */
export function explainCertificate(
  error: unknown,
  options: { readonly server: string; readonly prefix: string },
): { readonly message: string; readonly hint: string } {
  const { server, prefix } = options;
  const problem = CERTIFICATE_PROBLEMS[codeOf(error)] ?? "is refused";
  const hints: Readonly<Record<string, string>> = {
    "is for another name":
      "Use the name that the certificate is for, or have one issued for this name.",
    "is not signed by a trusted authority":
      `Name the file with its authority's certificate in ${prefix}_CA_FILE.`,
    "is not valid yet": "Check the clock of this machine.",
  };
  return {
    message: `The certificate of ${server} ${problem}`,
    hint: hints[problem] ?? "The server needs a new one.",
  };
}

/**
 * Tells whether the server refused this client's certificate, or the lack of one. A retry doesn't help.
 *
 * @param error What a socket, or a library that uses one, threw.
 * @returns Whether it did.
 */
export function isClientRefused(error: unknown): boolean {
  return /^ERR_SSL_\w+_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)$/
    .test(codeOf(error));
}
