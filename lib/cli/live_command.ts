/**
 * `deno task live`: the whole cafe on a busy day. Kafka and the registry, events as they come in a day, the store, and the page.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { requireFreePort } from "../engine/ports.ts";
import type { DayOptions } from "../events/day.ts";
import { createTopic } from "../kafka/topic.ts";
import { produceItems } from "../produce/produce.ts";
import { generatedEvents } from "../produce/sources/generated.ts";
import { paced, startClock } from "../produce/sources/paced.ts";
import type { Config } from "../settings/config.ts";
import type { DatabaseSettings } from "../settings/database.ts";
import { DEFAULT_STORE_GROUP, store } from "../store/store.ts";
import { timeOf } from "../store/window.ts";
import { StoreReader } from "../web/store_reader.ts";
import { task } from "./command.ts";
import { openDashboard } from "./dashboard_command.ts";
import { chooseEvent } from "./event_choice.ts";
import { type FlagValues, integerFlag, numberFlag, portFlag } from "./flags.ts";
import {
  clockText,
  describeWeather,
  LIVE_KINDS,
  localDate,
  nextTimeOf,
} from "./order_live.ts";
import { describeSetAside } from "./member_report.ts";
import { note, printLine } from "./output.ts";
import { withEngine } from "./own_engine.ts";
import { stopSignal } from "./signals.ts";
import { databaseFrom, noteLine } from "./task_flags.ts";

const PERMISSIONS = "live";
const PAGE_PORT = 8080;
/** The page's port where Kafka UI, which comes with Docker, has the usual one. */
const PORT_BESIDE_UI = 8082;

const FLAGS = {
  speed: numberFlag(
    "N",
    "how many times as fast as the clock the day goes: with 60, an hour takes a minute",
    { default: 1, min: 1, max: 3_600 },
  ),
  seed: integerFlag("N", "another number makes other days", {
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
  }),
  port: portFlag(
    `the page's port; ${PAGE_PORT} without it, or ${PORT_BESIDE_UI} where Kafka UI has that`,
  ),
  "kafka-port": portFlag("Kafka's port; 9092 without it"),
  "registry-port": portFlag("the registry's port; 8081 without it"),
};

/** The hour at which the day begins when it is shown faster. */
const OPENING_HOUR = 7;
/** How far an event's time may be ahead of the clock without a word, in milliseconds. */
const AHEAD_MS = 60_000;
/** How the topics are laid out, as `deno task topic` does it. */
const LAYOUT = { partitions: 3, replicationFactor: 1 } as const;
/** The command. */
export const liveCommand = task({
  name: "live",
  permissions: PERMISSIONS,
  summary:
    "Opens the whole cafe: starts Kafka and the registry unless those of this checkout run, produces the events of a busy day as\n" +
    "they come, stores them, and shows them on a page. Ctrl+C stops all that it started. The same seed makes the same days, so a\n" +
    "day that is produced again counts once.",
  flags: FLAGS,
  examples: [
    ["deno task live", "Today so far, and what comes"],
    [
      "deno task live --speed 60",
      "A day in 24 minutes, from the next opening on",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const { signal } = stop;
  const requirePort = async (port: number) => {
    await requireFreePort({ title: "the page", port, flag: "--port" });
    return port;
  };
  await withEngine({
    keep: false,
    signal,
    async ports(runs) {
      // Said before the engine is started: that takes a while.
      if (!runs) await requirePort(flags.port ?? PAGE_PORT);
      return {
        kafkaPort: flags["kafka-port"],
        registryPort: flags["registry-port"],
      };
    },
  }, async (config, engine) => {
    const isTaken = engine?.uiUrl === urlOf(PAGE_PORT);
    const port = await requirePort(
      flags.port ?? (isTaken ? PORT_BESIDE_UI : PAGE_PORT),
    );
    await open(flags, { config, port, signal });
  });
  printLine("The cafe is closed.");
});

function urlOf(port: number): string {
  return `http://localhost:${port}`;
}

/**
 * Tells where the cafe's clock begins. One that is faster than the real one begins at the next opening, or where it was when the
 * cafe was closed: the page goes by whichever of the two clocks is ahead, so what is behind the real one would not be seen to come.
 */
function startOf(speed: number, newest = 0): number {
  const now = Date.now();
  const isAhead = newest > now + AHEAD_MS;
  if (speed > 1) {
    return Math.max(nextTimeOf(OPENING_HOUR), isAhead ? newest : 0);
  }
  if (isAhead) {
    note(
      `There are events of ${
        clockText(newest)
      } already, as after a run with --speed, and the page goes by their time.\n` +
        `To begin with nothing: deno task down --wipe, and remove .data.`,
    );
  }
  return now;
}

async function open(
  { speed, seed, debug }: FlagValues<typeof FLAGS> & {
    readonly debug: boolean;
  },
  { config, port, signal }: {
    readonly config: Config;
    readonly port: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  for (const { type: { topic } } of LIVE_KINDS) {
    await createTopic(config, { topic, ...LAYOUT }, { notify: note, signal });
  }
  note("Starting the store and the page...");
  const database = databaseFrom(undefined);
  const startMs = startOf(speed, await newestIn(database));
  const msUntil = startClock(startMs, speed);
  const today: DayOptions = { seed, date: localDate(startMs) };
  await using _page = openDashboard({ config, database, port }, {
    debug,
    permissions: PERMISSIONS,
  });
  printLine(`The cafe is open: ${urlOf(port)}`);
  printLine(`It is ${describeWeather(today)}. Press Ctrl+C to close it.`);
  note("Filling in yesterday and today so far...");
  const close = new AbortController();
  const closing = AbortSignal.any([signal, close.signal]);
  const work = LIVE_KINDS.flatMap(({ type, eventsFrom }, index) => [
    store(type, chooseEvent(type.name).kept, {
      config,
      database,
      // A group for each topic, so that none waits for the other's members.
      group: `${DEFAULT_STORE_GROUP}${index === 0 ? "" : `-${type.topic}`}`,
      notify: (line) => noteLine(`store of '${type.topic}': ${line}`),
      setAside: (message) => note(describeSetAside(message)),
      signal: closing,
    }),
    // The day before, for comparison, and the day so far at full speed, and then each event when the clock shows its time.
    produceItems(
      type,
      paced(
        generatedEvents(type, {
          events: eventsFrom({
            ...today,
            date: today.date.subtract({ days: 1 }),
          }),
          count: Infinity,
          intervalMs: 0,
          signal: closing,
        }),
        {
          msUntil: ({ value }) => msUntil(timeOf(type, value)),
          signal: closing,
        },
      ),
      {
        config,
        notify: noteLine,
        signal: closing,
        observer: {
          failed: (_, error) => noteLine(`Not delivered: ${error.message}`),
        },
      },
    ),
  ]);
  try {
    await Promise.race<unknown>(work);
    if (!signal.aborted) throw new PipelineError("Kafka takes no more events");
  } finally {
    note("Closing the cafe...");
    close.abort();
    await Promise.allSettled<unknown>(work);
  }
}

/** Reads the time of the newest event; undefined if there is none. What is wrong with the database, the store says. */
async function newestIn(
  database: DatabaseSettings,
): Promise<number | undefined> {
  await using reader = new StoreReader(database);
  const day = await reader.day(Date.now()).catch((error) => {
    if (!(error instanceof PipelineError)) throw error;
  });
  return day?.newest ?? undefined;
}
