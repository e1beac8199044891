/**
 * A dashboard's server of a test, and what the test asks of it.
 *
 * @module
 */

import { type Dashboard, serveDashboard } from "../../lib/web/server.ts";
import type { DashboardOptions } from "../../lib/web/server.ts";
import { eventually } from "./eventually.ts";

/** The options of {@linkcode TestDashboard}: a missing database by default. */
export type TestDashboardOptions =
  & Pick<DashboardOptions, "config">
  & Partial<DashboardOptions>;

/** What a server answered. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body, which was JSON. */
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** A server-sent event. */
export interface ServerEvent {
  /** Its name. */
  readonly name: string;
  /** Its data, which was JSON. */
  // deno-lint-ignore no-explicit-any
  readonly data: any;
}

/** A dashboard's server, on a free port. */
export class TestDashboard implements AsyncDisposable {
  readonly #server: Dashboard;
  /** What was reported as a defect of the program. */
  readonly failures: unknown[] = [];

  /**
   * Starts it.
   *
   * @param options What it shows.
   */
  constructor(options: TestDashboardOptions) {
    this.#server = serveDashboard({
      database: { path: "/nowhere/cafe.db" },
      topic: "demo",
      port: 0,
      advise: ({ code }) => code && `Advice for ${code}.`,
      failed: (error) => this.failures.push(error),
      ...options,
    });
  }

  /** Its address. */
  get url(): string {
    return this.#server.url;
  }

  /** Its port. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /**
   * Asks for something.
   *
   * @param path The path with its parameters.
   * @param init The request.
   */
  async get(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.url + path, init);
    const { status, headers } = response;
    return { status, headers, body: await response.json() };
  }

  /**
   * Asks how all is, until one of them has answered the server: a busy machine may take longer than it waits.
   *
   * @param answered Which.
   * @returns The status of all.
   */
  async statusOnce(answered: "kafka" | "registry"): Promise<Answer["body"]> {
    let status: Answer["body"];
    await eventually(`an answer of ${answered}`, async () => {
      ({ body: status } = await this.get("/api/status"));
      return status[answered].ok;
    });
    return status;
  }

  /**
   * Asks for something to be done, as its own page does.
   *
   * @param path The path.
   * @param body The body, as an object or as text.
   */
  async post(path: string, body: object | string): Promise<Answer> {
    return await this.get(path, {
      method: "POST",
      headers: { "content-type": "application/json", origin: this.url },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /**
   * Opens a stream of events.
   *
   * @param path The path with its parameters.
   */
  async events(path: string): Promise<EventReader> {
    const ended = new AbortController();
    const response = await fetch(this.url + path, { signal: ended.signal });
    if (response.headers.get("content-type") !== "text/event-stream") {
      throw new Error(await response.text());
    }
    return new EventReader(response, ended);
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Reads server-sent events. */
export class EventReader implements AsyncDisposable {
  readonly #ended: AbortController;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  /**
   * Makes it.
   *
   * @param response What the server answered.
   * @param ended Ends the request.
   */
  constructor(response: Response, ended: AbortController) {
    this.#ended = ended;
    this.#reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
      .pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads the next event; undefined at the end of the stream. Comments are left out. */
  async next(): Promise<ServerEvent | undefined> {
    for (;;) {
      const at = this.#text.indexOf("\n\n");
      if (at >= 0) {
        const [, name, data] =
          /^event: (.*)\ndata: (.*)$/.exec(this.#text.slice(0, at)) ?? [];
        this.#text = this.#text.slice(at + 2);
        if (name === undefined || data === undefined) continue;
        return { name, data: JSON.parse(data) };
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  /**
   * Reads events until one is the one that is waited for. Those before it are dropped.
   *
   * @param name Its name.
   * @param holds What its data has to be.
   * @returns Its data.
   */
  async until(
    name: string,
    // deno-lint-ignore no-explicit-any
    holds: (data: any) => boolean = () => true,
    // deno-lint-ignore no-explicit-any
  ): Promise<any> {
    for (;;) {
      const event = await this.next();
      if (!event) throw new Error(`The stream ended without "${name}"`);
      if (event.name === name && holds(event.data)) return event.data;
    }
  }

  /** Closes the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#reader.cancel().catch(() => {});
  }
}
