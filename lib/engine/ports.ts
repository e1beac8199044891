/**
 * TCP ports of this machine: which are free, and which process holds one that is not.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import { commandLine, runScript } from "./shell.ts";

/**
 * Where free ports are looked for: below those that systems give to outgoing connections, of which one could take a port before it is
 * used, or while a program that listens on it is restarted.
 */
const [LOWEST_PORT, HIGHEST_PORT] = [10_000, 32_000];

/** Finds free ports by chance, all different. Another program may take one before it is used. */
export function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, listenAnywhere);
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

function listenAnywhere(): Deno.Listener {
  for (;;) {
    const port = LOWEST_PORT +
      Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Determines whether a port is free: nothing answers on localhost and 127.0.0.1 can be bound. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    // If a program holds the port on another address of this machine, 127.0.0.1 can be bound, but clients reach that program.
    (await Deno.connect({ hostname: "localhost", port })).close();
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
  }
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A process that listens on a port. */
export interface PortHolder {
  readonly pid: number;
  /** How it was started; undefined if it belongs to another user. */
  readonly command: string | undefined;
}

const LISTENING = "0A";

/**
 * Finds the sockets that listen on a port.
 *
 * @param table The text of `/proc/net/tcp`, `/proc/net/tcp6`, or both.
 */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").map((line) => line.trim().split(/\s+/)).filter(
    (fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTENING,
  ).flatMap((fields) => fields[9] ?? []);
}

async function holderPid(port: number): Promise<number | undefined> {
  const { stdout: table } = await runScript(
    "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null",
  );
  const [inode] = listeningInodes(table, port);
  const { stdout } = inode === undefined
    ? await runScript(
      'lsof -nP -t -iTCP:"$1" -sTCP:LISTEN 2>/dev/null',
      String(port),
    )
    : await runScript(
      // One look at all processes: one for each takes seconds on a machine with many, and too long on a busy one.
      `ls -l /proc/[0-9]*/fd 2>/dev/null |
         awk -v socket="socket:[$1]" -F / '/^\\/proc\\// { pid = $3 } index($0, socket) { print pid; exit }'`,
      inode,
    );
  return Number.parseInt(stdout, 10) || undefined;
}

/** Finds the process that listens on a port; undefined if it can't be found: it may belong to another user or to a container. */
export async function portHolder(
  port: number,
): Promise<PortHolder | undefined> {
  const pid = await holderPid(port);
  return pid === undefined
    ? undefined
    : { pid, command: await commandLine(pid) };
}

/** How much of a long command line is shown, in characters: of its start and of its end. */
const HEAD_CHARS = 30;
const TAIL_CHARS = 90;

/** Names a process by its id and its command line. */
export function describeHolder({ pid, command = "" }: PortHolder): string {
  // The name of a Java program comes after all its options.
  const shown = command.length > HEAD_CHARS + TAIL_CHARS
    ? `${command.slice(0, HEAD_CHARS)} … ${command.slice(-TAIL_CHARS)}`
    : command;
  return `process ${pid}${shown && ` (${shown})`}`;
}

/** A port that a program needs. */
export interface NeededPort {
  readonly port: number;
  readonly title: string;
  /** The flag that changes it; undefined if none does. */
  readonly flag?: string;
}

const MAX_PORT = 65_535;

/**
 * Makes sure that there are ports of these numbers, and that no two programs are to have the same.
 *
 * @throws {PipelineError} If there are not, or two are.
 */
export function requireUsablePorts(needed: readonly NeededPort[]): void {
  const byPort = Map.groupBy(needed, ({ port }) => port);
  for (const [port, [first, second]] of byPort) {
    const last = second ?? first;
    if (!first || !last || !second && port <= MAX_PORT) continue;
    throw new PipelineError(
      second
        ? `${first.title} and ${second.title} can't both have port ${port}`
        : `There is no port ${port}, which ${first.title} needs`,
      { hint: `Choose another port: ${last.flag} ${freePorts(1)}` },
    );
  }
}

/** How often a port is looked at before it is given up, and how long after each other, in milliseconds. */
const ATTEMPTS_COUNT = 8;
const PAUSE_MS = 250;

/** Makes sure that a port is free. */
export async function requireFreePort(needed: NeededPort): Promise<void> {
  const { port, title, flag } = needed;
  let holder: PortHolder | undefined;
  for (let attempt = 1; !holder && attempt <= ATTEMPTS_COUNT; attempt++) {
    if (await isPortFree(port)) return;
    holder = await portHolder(port);
    // A process that is ending holds its ports a moment longer than it can be found.
    if (!holder) await pause(PAUSE_MS);
  }
  const who = holder
    ? describeHolder(holder)
    : "another program, which may belong to another user or to a container";
  throw new PipelineError(
    `Port ${port}, which ${title} needs, is in use by ${who}`,
    {
      hint: flag === undefined
        ? "Stop that program, or have all brokers choose again: `deno task down`, then `deno task up`"
        : `Stop that program, or choose another port: ${flag} ${freePorts(1)}`,
    },
  );
}
