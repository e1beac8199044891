/**
 * A network that fails at the worst moment: a relay to a broker that cuts its first connection.
 *
 * @module
 */

/** A relay that cuts its first connection when the client sends something for the n-th time, and lets all others be. */
export class CuttingProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #done: Promise<void>;
  #cut = false;

  /**
   * Starts the relay.
   *
   * @param target Where it relays to, `host:port`.
   * @param at Which of the client's messages is answered by the cut, from 1.
   */
  constructor(target: string, at: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#done = this.#serve(Number(target.split(":")[1]), at);
  }

  /** Its address, `host:port`. */
  get address(): string {
    return `localhost:${this.#listener.addr.port}`;
  }

  /** Whether it has cut a connection. */
  get cut(): boolean {
    return this.#cut;
  }

  async #serve(port: number, at: number): Promise<void> {
    const relays: Promise<void>[] = [];
    try {
      for await (const client of this.#listener) {
        const server = await Deno.connect({ hostname: "127.0.0.1", port });
        for (const end of [client, server]) this.#open.add(end);
        relays.push(this.#pass(client, server, this.#cut ? Infinity : at));
        relays.push(this.#pass(server, client, Infinity));
      }
    } finally {
      await Promise.all(relays);
    }
  }

  async #pass(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    last: number,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const writer = to.writable.getWriter();
    try {
      for (let count = 1;; count++) {
        const length = await from.read(buffer);
        if (length === null) break;
        if (count === last) {
          this.#cut = true;
          break;
        }
        await writer.write(buffer.slice(0, length));
      }
    } catch {
      // One end is gone; so shall be the other.
    } finally {
      writer.releaseLock();
      for (const end of [from, to]) this.#close(end);
    }
  }

  #close(end: Deno.TcpConn): void {
    if (!this.#open.delete(end)) return;
    try {
      end.close();
    } catch {
      // A failed write has closed it.
    }
  }

  /** Stops it, and cuts what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const end of [...this.#open]) this.#close(end);
    await this.#done.catch(() => {});
  }
}
