/**
 * `deno task live`: the whole cafe on a busy day. Kafka and the registry, events as they come in a day, the store, and the page.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { PipelineError, StoppedError } from "../base/errors.ts";
import { requireFreePort } from "../engine/ports.ts";
import type { DayOptions } from "../events/day.ts";
import { createTopic } from "../kafka/topic.ts";
import { produceItems } from "../produce/produce.ts";
import { Clock, scheduled } from "../produce/sources/scheduled.ts";
import type { Config } from "../settings/config.ts";
import { DEFAULT_STORE_GROUP } from "../store/store.ts";
import { timeOf } from "../store/window.ts";
import type { DaySnapshot } from "../web/api.ts";
import { task } from "./command.ts";
import { type FlagValues, integerFlag, numberFlag, portFlag } from "./flags.ts";
import {
  clockText,
  describeWeather,
  LIVE_KINDS,
  localDate,
  nextTimeOf,
} from "./order_live.ts";
import { note, printLine } from "./output.ts";
import { withEngine } from "./own_engine.ts";
import { Parts } from "./parts.ts";
import { stopSignal } from "./signals.ts";
import { noteLine } from "./task_flags.ts";

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
  permissions: "engine",
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

interface PartOptions {
  readonly config: Config;
  readonly port: number;
  readonly signal: AbortSignal;
}

async function startParts(
  parts: Parts,
  { config, port, signal }: PartOptions,
): Promise<void> {
  const { brokers, registryUrl } = config;
  const where = [`--brokers=${brokers}`, `--registry=${registryUrl}`];
  const hosts = [...brokers, new URL(registryUrl).host].flatMap((host) => [
    host,
    host.replace(/^localhost:/, "127.0.0.1:"),
  ]);
  const stores = LIVE_KINDS.map(({ type: { name, topic } }, index) => ({
    title: `store of '${topic}'`,
    task: "store",
    args: [
      `--event=${name}`,
      // A group for each topic, so that none waits for the other's members.
      `--group=${DEFAULT_STORE_GROUP}${index === 0 ? "" : `-${topic}`}`,
      ...where,
    ],
    net: [...denoJson.permissions.store.net, ...hosts],
    ready: /^Storing /,
  }));
  const page = {
    title: "page",
    task: "dashboard",
    args: [`--port=${port}`, ...where],
    net: [...denoJson.permissions.dashboard.net, ...hosts, `127.0.0.1:${port}`],
    ready: /http:\/\//,
  };
  await Promise.all([...stores, page].map((part) => parts.start(part, signal)));
}

/** Asks the page for the time of the newest event; undefined if there is none. */
async function newestOn(
  port: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    // The page listens on no other address.
    const { body } = await fetch(
      `http://127.0.0.1:${port}/api/live?since=${Date.now()}`,
      { signal },
    );
    let text = "";
    for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const [, data] = /^event: day\ndata: (.*)\n\n/m.exec(text) ?? [];
      if (!data) continue;
      const { newest }: DaySnapshot = JSON.parse(data);
      return newest ?? undefined;
    }
  } catch (error) {
    throw signal.aborted
      ? new StoppedError("Stopped while the page started")
      : error;
  }
  return undefined;
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
  { speed, seed }: FlagValues<typeof FLAGS>,
  { config, port, signal }: PartOptions,
): Promise<void> {
  for (const { type: { topic } } of LIVE_KINDS) {
    await createTopic(config, { topic, ...LAYOUT }, { notify: note, signal });
  }
  await using parts = new Parts();
  note("Starting the store and the page...");
  await startParts(parts, { config, port, signal });
  const startMs = startOf(speed, await newestOn(port, signal));
  const day: LiveDay = {
    clock: new Clock(startMs, speed),
    today: { seed, date: localDate(startMs) },
  };
  printLine(`The cafe is open: ${urlOf(port)}`);
  printLine(`It is ${describeWeather(day.today)}. Press Ctrl+C to close it.`);
  note("Filling in yesterday and today so far...");
  const close = new AbortController();
  const closing = AbortSignal.any([signal, close.signal]);
  const work = produceDays(day, { config, signal: closing });
  try {
    await Promise.race([work, parts.failure]);
  } finally {
    note("Closing the cafe...");
    close.abort();
    await work.catch(() => {});
  }
}

interface LiveDay {
  readonly clock: Clock;
  readonly today: DayOptions;
}

/** Produces the day before, for comparison, and the day so far at full speed, and then each event when the clock shows its time. */
async function produceDays(
  { clock, today }: LiveDay,
  { config, signal }: Omit<PartOptions, "port">,
): Promise<void> {
  const first = { ...today, date: today.date.subtract({ days: 1 }) };
  await Promise.all(LIVE_KINDS.map(async ({ type, eventsFrom }) => {
    const source = scheduled(eventsFrom(first), {
      clock,
      timeOf: (event) => timeOf(type, event),
      signal,
    });
    await produceItems(type, source, {
      config,
      notify: noteLine,
      signal,
      observer: {
        failed: (_, error) => noteLine(`Not delivered: ${error.message}`),
      },
    });
    if (!signal.aborted) {
      throw new PipelineError(`Kafka takes no more ${type.name} events`);
    }
  }));
}
