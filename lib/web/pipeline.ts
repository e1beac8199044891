/**
 * What the server knows of the pipeline: where it is, and connections that requests share.
 *
 * A client of Kafka is made for each request: that takes some 15 ms, nothing is left behind where a request fails, and a broker's
 * restart concerns no other request.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import type { EventType } from "../events/event_type.ts";
import type { SchemaId } from "../events/wire_format.ts";
import type { Connectable } from "../kafka/connectable.ts";
import { type KafkaClient, withClient } from "../kafka/client.ts";
import { MessageDecoder } from "../operate/peeked_message.ts";
import { SchemaCatalog, type SchemaVersion } from "../operate/schemas.ts";
import { EventRegistry } from "../registry/registry.ts";
import type { Config } from "../settings/config.ts";
import type { DatabaseSettings } from "../settings/database.ts";
import { type Advise, RequestError } from "./answers.ts";
import { Shared } from "./shared.ts";

/** What the server shows. */
export interface PipelineOptions {
  /** Where Kafka and the registry are. */
  readonly config: Config;
  /** The store's database. */
  readonly database: DatabaseSettings;
  /** The topic that the page opens first. */
  readonly topic: string;
  /** Finds the kind of a topic's events, where it is known. Others are checked by their topic's newest schema alone. */
  readonly eventOf?: (topic: string) => EventType<unknown> | undefined;
  /** Whether every act is refused. Off by default. */
  readonly readOnly?: boolean;
  /** What to do about an error, in the words of the interface that starts the server. */
  readonly advise?: Advise;
  /** Receives the errors that are defects of this program. */
  readonly failed?: (error: unknown) => void;
}

/** How long Kafka and the registry may take to be reached, in milliseconds: a person is waiting. */
const TIMEOUT_MS = 1_500;
/** How many requests may use Kafka at the same time; and how many may wait for it. */
const [MAX_RUNNING, MAX_WAITING] = [8, 64];
/** How many streams of messages, which may go on for long, there may be at the same time. */
const MAX_STREAMS = 32;
/** For how long an answer is shared by those who ask for the same, in milliseconds. */
const KEPT_MS = 1_000;

/** For how long it is known which subjects have a schema, in milliseconds. */
const USES_KEPT_MS = 60_000;

/** Where the registry has a schema. */
export type SchemaNames = Partial<Pick<SchemaVersion, "subject" | "version">>;

/** What the server knows of the pipeline. */
export type Pipeline = ReturnType<typeof createPipeline>;

/** Makes what the server knows of the pipeline. Nothing is connected yet. */
export function createPipeline(options: PipelineOptions) {
  const { config } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const connection = {
    clientId: "cafe-event-dashboard",
    timeoutMs: TIMEOUT_MS,
    signal,
  };
  const shared = new Shared();
  const links = new Shared();
  const waiting: (() => void)[] = [];
  /** What is looked at again and again. */
  const looks = new Map<() => Promise<number>, Promise<void>>();
  let running = 0;
  let streams = 0;

  /** Connects once. A failure is kept for a moment, so that not every message waits for a registry that is away. */
  const registry = (): Promise<EventRegistry> =>
    links.get("registry", {
      make: () => EventRegistry.connect(config, connection),
      keptMs: Infinity,
      failureKeptMs: KEPT_MS,
    });
  /** The registry's subjects. */
  const schemas = async () => new SchemaCatalog(await registry());

  /**
   * Runs work that uses Kafka, as soon as less than a few others do.
   *
   * @throws {RequestError} If too many are waiting already.
   */
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= MAX_RUNNING) {
      if (waiting.length >= MAX_WAITING) {
        throw new RequestError(503, "Too many requests at the same time");
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };

  return {
    eventOf: (_topic: string): EventType<unknown> | undefined => undefined,
    readOnly: false,
    advise: (_error: PipelineError): string | undefined => undefined,
    failed: (_error: unknown): void => {},
    ...options,
    /** How clients connect. */
    connection,
    /** Reads messages' values, by a registry that is connected once. */
    decoder: new MessageDecoder(registry),
    /** Aborts when the server stops: streams end. */
    signal,
    /** What reads messages for a page that follows them, until its connection is closed. */
    following: new Set<Promise<void>>(),
    registry,
    schemas,
    run,

    /** Ends all streams, and waits for the end of what is looked at. */
    async close(): Promise<void> {
      closing.abort();
      await Promise.all(looks.values());
    },

    /** Repeats a look while it is watched, with the pause in milliseconds that it returns, if that isn't done already. */
    repeat(look: () => Promise<number>, isWatched: () => boolean): void {
      if (looks.has(look)) return;
      const repeated = async () => {
        try {
          while (isWatched() && !signal.aborted) {
            await pause(await look(), signal);
          }
        } catch (error) {
          options.failed?.(error);
        } finally {
          // At once: who watches from now on begins it again.
          looks.delete(look);
        }
      };
      looks.set(look, Promise.resolve().then(repeated));
    },

    /**
     * Finds the subject of a schema.
     *
     * @param topic The topic whose message names it: several subjects may have it.
     */
    async schemaNames(id: SchemaId, topic: string): Promise<SchemaNames> {
      if (typeof id !== "number") return {};
      try {
        const uses = await shared.get(`uses ${id}`, {
          keptMs: USES_KEPT_MS,
          make: async () => (await schemas()).uses(id),
        });
        return uses.find(({ subject }) => subject === `${topic}-value`) ??
          uses[0] ?? {};
      } catch (error) {
        if (error instanceof PipelineError) return {};
        throw error;
      }
    },

    /** Asks Kafka by a client that is made for it. */
    ask: <C extends Connectable, T>(
      make: (kafka: KafkaClient) => C,
      requests: (client: C) => Promise<T>,
    ): Promise<T> => withClient(config, { ...connection, make }, requests),

    /** Makes an answer that those share who ask for the same within a second. */
    share: <T>(key: string, make: () => Promise<T>): Promise<T> =>
      shared.get(key, { keptMs: KEPT_MS, make: () => run(make) }),

    /** Forgets the answers that are shared, as something was changed. */
    changed: () => shared.clear(),

    /**
     * Counts a stream of messages.
     *
     * @returns Call it when the stream has ended; further calls do nothing.
     * @throws {RequestError} If there are too many.
     */
    openStream(): () => void {
      if (streams >= MAX_STREAMS) {
        throw new RequestError(503, "Too many streams at the same time");
      }
      streams++;
      let isOpen = true;
      return () => {
        if (isOpen) streams--;
        isOpen = false;
      };
    },
  };
}
