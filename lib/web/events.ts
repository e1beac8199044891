/**
 * Server-sent events. A page that doesn't read them costs no memory: of what it has missed, the newest is kept.
 *
 * @module
 */

import { pause } from "../base/pause.ts";

/** After how long without an event a comment is sent, in milliseconds: who has gone is noticed by it. */
const HEARTBEAT_MS = 10_000;

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(":\n\n");

/** Writes an event. */
export function eventBytes(name: string, data: unknown): Uint8Array {
  return encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Makes the bytes of an event. */
export type MakeBytes = () => Uint8Array | Promise<Uint8Array>;

/** What is to be sent to one page: of each name the newest event. */
export class Outbox {
  readonly #events = new Map<string, MakeBytes>();
  #filled = Promise.withResolvers<void>();
  #ended = false;

  /** Puts an event in, in place of an older one of the same name. */
  put(name: string, bytes: MakeBytes): void {
    this.#events.set(name, bytes);
    this.#filled.resolve();
  }

  /** Ends the stream behind what is in. */
  end(): void {
    this.#ended = true;
    this.#filled.resolve();
  }

  /** Takes an event out, when there is one; undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    await this.#filled.promise;
    const [next] = this.#events;
    if (!next) return undefined;
    const [name, bytes] = next;
    this.#events.delete(name);
    if (this.#events.size === 0 && !this.#ended) {
      this.#filled = Promise.withResolvers();
    }
    return await bytes();
  }
}

/** Sends what is put into an outbox, as fast as the page reads it. */
export function eventStream(
  outbox: Outbox,
  options: { readonly signal: AbortSignal; readonly closed: () => void },
): Response {
  const { signal, closed } = options;
  let isClosed = false;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    signal.removeEventListener("abort", close);
    closed();
    try {
      stream?.close();
    } catch {
      // The page has closed it.
    }
  };
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  let next: Promise<Uint8Array | undefined> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream = controller;
      signal.addEventListener("abort", close);
      if (signal.aborted) close();
    },
    async pull(controller) {
      next ??= outbox.take();
      const waited = new AbortController();
      const bytes = await Promise.race([
        next,
        pause(HEARTBEAT_MS, AbortSignal.any([signal, waited.signal]))
          .then(() => HEARTBEAT),
      ]);
      waited.abort();
      if (isClosed) return;
      if (bytes !== HEARTBEAT) next = undefined;
      if (bytes) controller.enqueue(bytes);
      else close();
    },
    cancel: close,
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    },
  });
}
