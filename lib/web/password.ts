/**
 * The password that a server asks for which others than this machine reach: HTTP's basic authentication, with any user's name.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Secret } from "../base/secret.ts";
import { RequestError } from "./answers.ts";

/** How many wrong passwords an address may send, and in which time, in milliseconds. */
const [MAX_GUESSES, GUESSES_MS] = [10, 60_000];
/** How many addresses are remembered. */
const MAX_ADDRESSES = 10_000;

/** An address's wrong passwords. */
interface Guesses {
  count: number;
  /** When they are forgotten, in milliseconds since the epoch. */
  readonly until: number;
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/**
 * Makes the check of requests for a password.
 *
 * @returns Checks a request from an address. It throws a {@linkcode RequestError} if it has not the password, or too many wrong ones came
 * from there.
 */
export function passwordCheck(
  password: Secret,
): (request: Request, hostname: string) => void {
  const digest = digestOf(password.reveal());
  const remembered = new Map<string, Guesses>();
  return (request, hostname) => {
    const address = networkOf(hostname);
    const now = Date.now();
    let guesses = remembered.get(address);
    if (guesses && guesses.until <= now) {
      remembered.delete(address);
      guesses = undefined;
    }
    if (guesses && guesses.count >= MAX_GUESSES) {
      throw new RequestError(429, "Too many wrong passwords: wait a minute", {
        "retry-after": String(Math.ceil((guesses.until - now) / 1_000)),
      });
    }
    const given = passwordOf(request.headers.get("authorization"));
    if (given !== undefined) {
      // Digests have the same length, and comparing them takes the same time wherever they differ.
      if (timingSafeEqual(digestOf(given), digest)) return;
      const [oldest] = remembered.keys();
      if (guesses) guesses.count++;
      else {
        if (remembered.size >= MAX_ADDRESSES && oldest !== undefined) {
          remembered.delete(oldest);
        }
        remembered.set(address, { count: 1, until: now + GUESSES_MS });
      }
    }
    throw new RequestError(401, "The dashboard asks for its password", {
      "www-authenticate": 'Basic realm="Campus Cafe", charset="UTF-8"',
    });
  };
}

/** What a server that listens on `::` puts before the addresses of IPv4. */
const MAPPED = "::ffff:";

/** A host has a network of IPv6 for itself, and may take any address in it. */
function networkOf(address: string): string {
  const isMapped = address.startsWith(MAPPED) && address.includes(".");
  const hostname = isMapped ? address.slice(MAPPED.length) : address;
  if (!hostname.includes(":")) return hostname;
  const { hostname: full } = new URL(`http://[${hostname.split("%")[0]}]`);
  const [left = "", right] = full.slice(1, -1).split("::");
  const groups = left.split(":");
  const rest = right === undefined ? [] : right.split(":");
  while (right !== undefined && groups.length + rest.length < 8) {
    groups.push("0");
  }
  return [...groups, ...rest].slice(0, 4).join(":");
}

function passwordOf(header: string | null): string | undefined {
  const [, encoded] = /^basic +([\w+/]+=*)$/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}
