/**
 * The day and the pipeline's health as they change. One loop asks for all open pages, and none where no page is open.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import type { Status } from "./api.ts";
import { RequestError } from "./answers.ts";
import { eventBytes, eventStream, Outbox } from "./events.ts";
import type { Pipeline } from "./pipeline.ts";
import type { StoreReader } from "./store_reader.ts";

/** How often the store is asked whether there is something new, in milliseconds; and how often if it is away. */
const [POLL_MS, AWAY_POLL_MS] = [200, 1_000];
/** How long there is between two days at least, in milliseconds: with the poll, a new row is shown within a second. */
const DAY_MS = 750;
/** How often the pipeline's health is looked at, in milliseconds. */
const HEALTH_MS = 2_000;
/** How many pages may be open. */
const MAX_PAGES = 200;

/** What days are read from. */
export type DaySource = Pick<StoreReader, "version" | "day">;

/** A page that is open. */
interface Page {
  readonly since: number;
  readonly outbox: Outbox;
  /** The version of the store that it has. */
  version: string | undefined;
}

/** Tells all open pages what has changed. */
export class LiveFeed {
  readonly #pipeline: Pipeline;
  readonly #store: DaySource;
  readonly #look: () => Promise<Status>;
  readonly #pages = new Set<Page>();
  /** What is looked at now. */
  readonly #looks = new Map<() => Promise<number>, Promise<void>>();
  /** When days were last sent, in milliseconds since the epoch. */
  #daysAt = -Infinity;
  /** The last status that all pages got. */
  #told = "";
  #status: { readonly value: Promise<Status>; readonly at: number } | undefined;

  constructor(
    pipeline: Pipeline,
    sources: {
      readonly store: DaySource;
      readonly health: () => Promise<Status>;
    },
  ) {
    this.#pipeline = pipeline;
    this.#store = sources.store;
    this.#look = sources.health;
  }

  /** Reads how the pipeline is: at most as old as the time between two looks. */
  status(): Promise<Status> {
    const now = Date.now();
    if (!this.#status || this.#status.at + HEALTH_MS <= now) {
      this.#status = { value: this.#look(), at: now };
    }
    return this.#status.value;
  }

  /**
   * Opens the stream of a page.
   *
   * @throws {RequestError} If too many pages are open.
   */
  open(since: number): Response {
    if (this.#pages.size >= MAX_PAGES) {
      throw new RequestError(503, "Too many pages are open");
    }
    const page: Page = { since, outbox: new Outbox(), version: undefined };
    this.#pages.add(page);
    this.status().then((status) => this.#tell(page, status));
    this.#repeat(this.#lookAtStore);
    this.#repeat(this.#lookAtHealth);
    return eventStream(page.outbox, {
      signal: this.#pipeline.signal,
      closed: () => this.#pages.delete(page),
    });
  }

  /** Waits for the end of what it does, after the pipeline was closed. */
  async close(): Promise<void> {
    await Promise.all(this.#looks.values());
  }

  get #isWatched(): boolean {
    return this.#pages.size > 0 && !this.#pipeline.signal.aborted;
  }

  /** Repeats a look while pages are open, with the pause in milliseconds that it returns. */
  #repeat(look: () => Promise<number>): void {
    if (this.#looks.has(look)) return;
    const run = async () => {
      try {
        while (this.#isWatched) {
          await pause(await look(), this.#pipeline.signal);
        }
      } catch (error) {
        this.#pipeline.failed(error);
      } finally {
        // At once: a page that opens from now on begins it again.
        this.#looks.delete(look);
      }
    };
    this.#looks.set(look, Promise.resolve().then(run));
  }

  readonly #lookAtStore = async (): Promise<number> => {
    try {
      const version = await this.#store.version();
      const behind = [...this.#pages]
        .filter((page) => page.version !== version);
      const isFirst = behind.some((page) => page.version === undefined);
      if (
        behind.length > 0 &&
        (isFirst || Date.now() - this.#daysAt >= DAY_MS)
      ) {
        this.#daysAt = Date.now();
        await this.#tellDays(behind, version);
      }
      return POLL_MS;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      // The page hears of it by the status.
      return AWAY_POLL_MS;
    }
  };

  /** Reads each day once, and sends it to all pages that show it. */
  async #tellDays(pages: readonly Page[], version: string): Promise<void> {
    for (const [since, same] of Map.groupBy(pages, (page) => page.since)) {
      const day = await this.#store.day(since);
      let bytes: Uint8Array | undefined;
      for (const page of same) {
        page.version = version;
        page.outbox.put("day", () => bytes ??= eventBytes("day", day));
      }
    }
  }

  readonly #lookAtHealth = async (): Promise<number> => {
    const status = await this.status();
    const text = JSON.stringify(status);
    if (text !== this.#told) {
      this.#told = text;
      for (const page of this.#pages) this.#tell(page, status);
    }
    return HEALTH_MS;
  };

  #tell(page: Page, status: Status): void {
    page.outbox.put("status", () => eventBytes("status", status));
  }
}
