/**
 * What stands between the clients and the broker, so that a fault strikes at one request or one answer and at no other.
 *
 * It takes Kafka's frames apart no further than their kind and who sent them, and passes them on unchanged unless a
 * test changes answers.
 *
 * @module
 */

/** Kinds of requests, by the protocol's numbers. */
export const API = {
  produce: 0,
  offsetCommit: 8,
  offsetFetch: 9,
  joinGroup: 11,
  heartbeat: 12,
  createTopics: 19,
} as const;

/** The frame at which a fault strikes. */
export interface Moment {
  /** The kind of request. */
  readonly api: number;
  /** Who sent it. Equals `client.id`. */
  readonly clientId: string;
  /** Before the broker has got it, or when the broker has done it and nobody knows. */
  readonly at: "request" | "answer";
  /**
   * How many such frames go through before.
   *
   * @default {0}
   */
  readonly skip?: number;
}

/** Answers that take their time. */
interface Delay extends Omit<Moment, "at" | "skip"> {
  /** Called with each: until when it is kept back. What follows it on its connection waits as well. */
  readonly until: () => Promise<void>;
}

/** A frame that is kept back, and the connection that it came on. */
export interface Caught {
  /** Closes the client's connection. */
  close(): void;
  /** Passes the frame on. */
  pass(): Promise<void>;
}

/** What is done with a frame that is kept back. */
type Strike = (caught: Caught) => Promise<void>;

interface Trap extends Moment {
  skipped: number;
  readonly strike: Strike;
  readonly struck: PromiseWithResolvers<void>;
}

/** A request that is not answered yet. */
interface Asked {
  readonly api: number;
  readonly clientId: string;
}

/** Makes another answer out of one: a frame with its length, and the request's id at {@linkcode CORRELATION_AT}. */
type Change = (asked: Asked, answer: Uint8Array) => Uint8Array;

interface Link {
  readonly client: Deno.TcpConn;
  readonly broker: Deno.TcpConn;
  /** What is asked and not answered yet, by correlation id. */
  readonly asked: Map<number, Asked>;
  /** Who sent the last request. Equals `client.id`. */
  clientId: string;
  /** Whether nothing comes through any more. */
  silent: boolean;
}

/** Where an answer has the id of its request, of 4 bytes. */
export const CORRELATION_AT = 4;

const decoder = new TextDecoder();

async function* framesOf(
  connection: Deno.TcpConn,
): AsyncGenerator<Uint8Array, void, undefined> {
  let rest = new Uint8Array();
  const buffer = new Uint8Array(65_536);
  for (
    let read = await connection.read(buffer);
    read !== null;
    read = await connection.read(buffer)
  ) {
    const bytes = new Uint8Array(rest.length + read);
    bytes.set(rest);
    bytes.set(buffer.subarray(0, read), rest.length);
    let at = 0;
    while (bytes.length - at >= 4) {
      const size = new DataView(bytes.buffer).getInt32(at) + 4;
      if (bytes.length - at < size) break;
      yield bytes.subarray(at, at + size);
      at += size;
    }
    rest = bytes.slice(at);
  }
}

async function writeAll(
  connection: Deno.TcpConn,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The other direction was quicker.
  }
}

/** A port that leads to a broker. */
export class KafkaProxy implements AsyncDisposable {
  readonly #port: number;
  readonly #target: () => number;
  readonly #links = new Set<Link>();
  readonly #work = new Set<Promise<void>>();
  #listener: Deno.TcpListener | undefined;
  #delay: Delay | undefined;
  #cut: PromiseWithResolvers<void> | undefined;
  #trap: Trap | undefined;
  #change: Change | undefined;

  /**
   * Makes the proxy, which doesn't listen yet.
   *
   * @param port Its port.
   * @param target The broker's.
   */
  constructor(port: number, target: () => number) {
    this.#port = port;
    this.#target = target;
  }

  /** Opens the port. */
  async open(): Promise<void> {
    for (let tries = 1; !this.#listener; tries++) {
      try {
        this.#listener = Deno.listen({
          hostname: "127.0.0.1",
          port: this.#port,
        });
        this.#keep(this.#accept(this.#listener));
      } catch (error) {
        // A listener that was closed gives its port back a moment later.
        if (!(error instanceof Deno.errors.AddrInUse) || tries > 50) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Closes the port and every connection: whoever connects is refused, as where no broker runs. */
  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const { client, broker } of this.#links) {
      closeQuietly(client);
      closeQuietly(broker);
    }
    this.#links.clear();
  }

  /**
   * Lets nothing through any more on the connections that a client has, and leaves them open, as where packets are dropped.
   *
   * @param clientId Whose. Equals `client.id`.
   */
  silence(clientId: string): void {
    for (const link of this.#links) link.silent ||= link.clientId === clientId;
  }

  /**
   * Keeps back the next frame of a kind, and does something before its connection ends. All other frames go through meanwhile.
   *
   * @param moment Which frame.
   * @param strike What to do.
   * @returns When it is done.
   */
  at(moment: Moment, strike: Strike): Promise<void> {
    const struck = Promise.withResolvers<void>();
    this.#trap = { ...moment, skipped: 0, strike, struck };
    return struck.promise;
  }

  /** Closes everything, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#cut?.resolve();
    this.close();
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /**
   * Keeps back the answers to a kind of requests.
   *
   * @param delay Which, and until when.
   * @returns Dispose of it to let them through at once again.
   */
  slow(delay: Delay): Disposable {
    this.#delay = delay;
    return { [Symbol.dispose]: () => this.#delay = undefined };
  }

  /**
   * Changes answers, as if the broker were in another state.
   *
   * @param change Called with each answer, and what was asked; it returns what is passed on.
   * @returns Dispose of it to leave them as they are again.
   */
  change(change: Change): Disposable {
    this.#change = change;
    return { [Symbol.dispose]: () => this.#change = undefined };
  }

  /**
   * Passes nothing on, as a network does that is cut: connections stay, and what was sent comes through afterwards.
   *
   * @returns Dispose of it to pass on what waits, and all that follows.
   */
  cut(): Disposable {
    const cut = Promise.withResolvers<void>();
    this.#cut = cut;
    return {
      [Symbol.dispose]: () => {
        this.#cut = undefined;
        cut.resolve();
      },
    };
  }

  #keep(work: Promise<void>): void {
    const kept = work.catch(() => {}).finally(() => this.#work.delete(kept));
    this.#work.add(kept);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const client of listener) this.#keep(this.#connect(client));
  }

  async #connect(client: Deno.TcpConn): Promise<void> {
    let broker: Deno.TcpConn;
    try {
      broker = await Deno.connect({
        hostname: "127.0.0.1",
        port: this.#target(),
      });
    } catch {
      return closeQuietly(client);
    }
    const link: Link = {
      client,
      broker,
      asked: new Map(),
      clientId: "",
      silent: false,
    };
    this.#links.add(link);
    await Promise.allSettled([
      this.#pass(link, "request"),
      this.#pass(link, "answer"),
    ]);
    this.#links.delete(link);
  }

  async #pass(link: Link, at: Moment["at"]): Promise<void> {
    const { client, broker } = link;
    const [from, to] = at === "request" ? [client, broker] : [broker, client];
    try {
      for await (const frame of framesOf(from)) {
        const asked = this.#identify(link, at, frame);
        const { api, clientId } = asked;
        const trap = this.#trap;
        if (
          trap && trap.at === at && trap.api === api &&
          trap.clientId === clientId &&
          trap.skipped++ >= (trap.skip ?? 0)
        ) {
          this.#trap = undefined;
          const caught: Caught = {
            close: () => closeQuietly(client),
            pass: () => writeAll(to, frame),
          };
          await trap.strike(caught)
            .then(trap.struck.resolve, trap.struck.reject);
          return;
        }
        const delay = this.#delay;
        if (
          delay && at === "answer" && delay.api === api &&
          delay.clientId === clientId
        ) await delay.until();
        await this.#cut?.promise;
        if (link.silent) continue;
        const change = at === "answer" ? this.#change : undefined;
        await writeAll(to, change?.(asked, frame) ?? frame);
      }
    } finally {
      closeQuietly(client);
      closeQuietly(broker);
    }
  }

  #identify(
    link: Link,
    at: Moment["at"],
    frame: Uint8Array,
  ): Asked {
    const { asked } = link;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    if (at === "answer") {
      const id = view.getInt32(CORRELATION_AT);
      const request = asked.get(id) ?? { api: -1, clientId: "" };
      asked.delete(id);
      return request;
    }
    const length = Math.max(view.getInt16(12), 0);
    const request = {
      api: view.getInt16(4),
      clientId: decoder.decode(frame.subarray(14, 14 + length)),
    };
    asked.set(view.getInt32(8), request);
    link.clientId = request.clientId;
    return request;
  }
}
