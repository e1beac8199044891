/**
 * The stream of what happens: one connection, which comes back by itself, for the whole page.
 *
 * @module
 */

import { nowOf } from "./day.js";
import { startOfDay } from "./format.js";
import { useEffect, useState } from "./preact.js";

/** @import { DaySnapshot, Status } from "../api.ts" */

/** The pause before the next try to connect, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * What is known.
 *
 * @typedef {object} Live
 * @property {"connecting" | "live" | "lost"} connection
 * @property {number | undefined} lostAt When the connection was lost, in milliseconds since the epoch.
 * @property {Status | undefined} status
 * @property {DaySnapshot | undefined} day
 */

/**
 * Reads server-sent events, and connects again whenever the connection ends. A page that nobody sees has none: a browser has
 * six for a server, which ten tabs would use up.
 *
 * @param {() => string | Promise<string>} path Finds where they are.
 * @param {Readonly<Record<string, (data: any) => void>>} handlers What to do with each kind.
 * @param {(connected: boolean) => void} onChange Called once it is connected, or no longer is.
 * @returns {{ restart: () => void, stop: () => void }} Connects again, and ends it.
 */
export function stream(path, handlers, onChange) {
  /** @type {EventSource | undefined} */
  let source;
  let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (
    undefined
  );
  let turn = 0;
  const close = () => {
    turn++;
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const fail = () => {
    close();
    onChange(false);
    timer = setTimeout(open, RETRY_MS);
  };
  const open = async () => {
    close();
    if (document.hidden) return;
    const own = turn;
    try {
      const found = await path();
      if (own !== turn) return;
      const opened = source = new EventSource(found);
      opened.onopen = () => onChange(true);
      opened.onerror = fail;
      for (const [kind, handle] of Object.entries(handlers)) {
        opened.addEventListener(kind, ({ data }) => handle(JSON.parse(data)));
      }
    } catch {
      // What was asked for the path has told why.
      if (own === turn) fail();
    }
  };
  const followSight = () => document.hidden ? close() : open();
  document.addEventListener("visibilitychange", followSight);
  open();
  return {
    restart: open,
    stop() {
      document.removeEventListener("visibilitychange", followSight);
      close();
    },
  };
}

/**
 * Follows the day and the state of the pipeline.
 *
 * @returns {Live} What is known.
 */
export function useLive() {
  const [live, setLive] = useState(
    /** @type {Live} */ ({
      connection: "connecting",
      lostAt: undefined,
      status: undefined,
      day: undefined,
    }),
  );
  useEffect(() => {
    let since = startOfDay(Date.now());
    const { restart, stop } = stream(() => `/api/live?since=${since}`, {
      status: (status) => setLive((before) => ({ ...before, status })),
      day(day) {
        setLive((before) => ({ ...before, day }));
        const today = startOfDay(nowOf(day));
        if (today === since) return;
        since = today;
        restart();
      },
    }, (connected) =>
      setLive((before) => ({
        ...before,
        connection: connected ? "live" : "lost",
        lostAt: connected ? undefined : before.lostAt ?? Date.now(),
      })));
    // Midnight comes without an event.
    const timer = setInterval(() => {
      if (startOfDay(Date.now()) <= since) return;
      since = startOfDay(Date.now());
      restart();
    }, 1_000);
    return () => {
      clearInterval(timer);
      stop();
    };
  }, []);
  return live;
}

/**
 * Calls a component again every second, as clocks need it.
 */
export function useSecond() {
  const [, setSecond] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setSecond(Math.floor(Date.now() / 1_000));
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
}
