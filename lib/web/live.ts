/**
 * The day and the pipeline's health as they change. One loop asks for all open pages, and none where no page is open.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
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
export type LiveFeed = ReturnType<typeof liveFeed>;

/** Makes what tells all open pages what has changed. */
export function liveFeed(
  { signal, repeat }: Pick<Pipeline, "signal" | "repeat">,
  { store, health }: {
    readonly store: DaySource;
    readonly health: () => Promise<Status>;
  },
) {
  const pages = new Set<Page>();
  const isWatched = () => pages.size > 0;
  /** When days were last sent, in milliseconds since the epoch. */
  let daysAt = -Infinity;
  /** The last status that all pages got. */
  let told = "";
  let known:
    | { readonly value: Promise<Status>; readonly at: number }
    | undefined;

  /** Reads how the pipeline is: at most as old as the time between two looks. */
  const status = (): Promise<Status> => {
    const now = Date.now();
    if (!known || known.at + HEALTH_MS <= now) {
      known = { value: health(), at: now };
    }
    return known.value;
  };

  const tell = (page: Page, status: Status) =>
    page.outbox.put("status", () => eventBytes("status", status));

  const lookAtStore = async (): Promise<number> => {
    try {
      const version = await store.version();
      const behind = [...pages].filter((page) => page.version !== version);
      const isFirst = behind.some((page) => page.version === undefined);
      if (behind.length > 0 && (isFirst || Date.now() - daysAt >= DAY_MS)) {
        daysAt = Date.now();
        await tellDays(behind, version);
      }
      return POLL_MS;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      // The page hears of it by the status.
      return AWAY_POLL_MS;
    }
  };

  /** Reads each day once, and sends it to all pages that show it. */
  const tellDays = async (behind: readonly Page[], version: string) => {
    for (const [since, same] of Map.groupBy(behind, (page) => page.since)) {
      const day = await store.day(since);
      let bytes: Uint8Array | undefined;
      for (const page of same) {
        page.version = version;
        page.outbox.put("day", () => bytes ??= eventBytes("day", day));
      }
    }
  };

  const lookAtHealth = async (): Promise<number> => {
    const found = await status();
    const text = JSON.stringify(found);
    if (text !== told) {
      told = text;
      for (const page of pages) tell(page, found);
    }
    return HEALTH_MS;
  };

  return {
    status,

    /**
     * Opens the stream of a page.
     *
     * @throws {RequestError} If too many pages are open.
     */
    open(since: number): Response {
      if (pages.size >= MAX_PAGES) {
        throw new RequestError(503, "Too many pages are open");
      }
      const page: Page = { since, outbox: new Outbox(), version: undefined };
      pages.add(page);
      status().then((status) => tell(page, status));
      repeat(lookAtStore, isWatched);
      repeat(lookAtHealth, isWatched);
      const closed = () => pages.delete(page);
      return eventStream(page.outbox, { signal, closed });
    },
  };
}
