/**
 * A server that hangs: it accepts connections, reads nothing and says nothing.
 *
 * @module
 */

/** A TCP listener on this machine that never answers. */
export class SilentListener implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open: Deno.TcpConn[] = [];

  /** Starts the listener. */
  constructor() {
    void this.#accept();
  }

  /** Its address, `host:port`. */
  get address(): string {
    return `localhost:${this.#listener.addr.port}`;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) this.#open.push(connection);
  }

  /** Stops it, and closes its connections. */
  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
  }
}
