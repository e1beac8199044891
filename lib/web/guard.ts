/**
 * Who may ask, and from where: the server is for the pages that it has sent itself, and for nobody else's.
 *
 * @module
 */

import { askedName, isLoopback } from "../base/loopback.ts";
import { RequestError } from "./answers.ts";

/** The addresses that stand for all of a machine's. */
export const ANY_ADDRESS = ["0.0.0.0", "::"];
/** The methods that change nothing. */
const SAFE_METHODS = ["GET", "HEAD"];

/** The headers of every answer. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Where the server listens. */
export interface Address {
  /** The address, as it was named. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

/** Adds the headers that keep a page from doing harm, and others from using it. */
export function secured(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) {
    response.headers.set(name, value);
  }
  return response;
}

/**
 * Refuses requests that come from elsewhere: under a name that another site has pointed at this machine (DNS rebinding), or sent by
 * another site's page.
 *
 * @throws {RequestError} If it is refused.
 */
export function checkOrigin(request: Request, address: Address): void {
  const { headers, method } = request;
  const host = headers.get("host");
  const name = askedName(host, address.port);
  if (name === undefined || !isOwnName(name, address)) {
    throw new RequestError(
      421,
      "The dashboard answers only under the address that it listens on",
    );
  }
  const origin = headers.get("origin");
  const isOwn = origin === null
    ? SAFE_METHODS.includes(method)
    : origin === `http://${host}`;
  const site = headers.get("sec-fetch-site") ?? "none";
  // A link leads to the page. Anything else opened in a hidden frame would start downloads, and hold streams.
  const isLink = headers.get("sec-fetch-mode") === "navigate" &&
    SAFE_METHODS.includes(method) && new URL(request.url).pathname === "/";
  if (!isOwn || !["same-origin", "none"].includes(site) && !isLink) {
    throw new RequestError(403, "Another site's page sent this request");
  }
}

function isOwnName(name: string, { hostname }: Address): boolean {
  if (isLoopback(name)) return true;
  // A name can be pointed anywhere, an address can't.
  return ANY_ADDRESS.includes(hostname)
    ? /^\[|^[\d.]+$/.test(name)
    : name === bracketed(hostname).toLowerCase();
}

/** Writes a host's name as it stands in a URL. */
export function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
