/**
 * This machine under its own names. A server that only this machine reaches is asked by no other: a site may point its name at this
 * machine, and have its pages ask under that (DNS rebinding).
 *
 * @module
 */

/**
 * Tells whether a host is this machine: what is sent to it never leaves it.
 *
 * @param hostname The host, as a URL has it or without brackets.
 */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|\[::1\]|::1|127(\.\d+){3})$/.test(hostname);
}

/**
 * Reads under which name a server is asked.
 *
 * @param host The request's header `host`.
 * @param port The port that the server listens at.
 * @returns The name, as a URL has it; undefined if it is none, or is of another port.
 */
export function askedName(
  host: string | null,
  port: number,
): string | undefined {
  const url = URL.parse(`http://${host}/`);
  const isWhole = url &&
    (url.host === host?.toLowerCase() || host === `${url.host}:80`);
  return isWhole && Number(url.port || 80) === port ? url.hostname : undefined;
}
