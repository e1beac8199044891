/**
 * The connection to Kafka: where the brokers are, where log lines go, and how clients connect.
 *
 * kafkajs reads the environment as soon as it is loaded, so it is loaded when the first client is made: what needs no broker
 * (`--help`, a unit test) needs no permission either.
 *
 * @module
 */

import type { LogEntry } from "./kafkajs.ts";
import type { Config } from "../settings/config.ts";
import { waitFor, type WaitOptions, withDeadline } from "../base/retry.ts";
import { within } from "../base/pause.ts";
import { messageOf, OutageError } from "../base/errors.ts";
import { Admin } from "./admin.ts";
import { rangeAssigner } from "./assigner.ts";
import { TopicCatalog } from "./catalog.ts";
import type { Connectable } from "./connectable.ts";
import { Consumer, type ConsumerSettings } from "./consumer.ts";
import { GroupClient } from "./groups.ts";
import { ClusterInspector } from "./inspector.ts";
import { MessageProducer } from "./message_producer.ts";
import { explainKafkaError, isKafkaOutage } from "./errors.ts";
import { answeringBrokers } from "./probe.ts";
import { loadKafkajs } from "./patches/load.ts";
import { saslMechanism } from "./patches/sasl.ts";
import { socketFactory } from "./sockets.ts";
import { TopicReader } from "./topic_reader.ts";
import { redact } from "../base/secret.ts";

/** What the client is called, and what receives its log lines. */
export interface KafkaOptions {
  /** What brokers call this client in their logs and quotas. Equals `client.id`. */
  readonly clientId?: string;
  /** Receives kafkajs' own log lines; without it, they are dropped: every failure reaches the caller as an error. */
  readonly log?: (line: string) => void;
}

/** Makes clients of a cluster. None of them connects yet: see {@linkcode connectWithin}. */
export type KafkaClient = Awaited<ReturnType<typeof createKafka>>;

/** How long a connection may take to open, in milliseconds. Equals `socket.connection.setup.timeout.ms`. */
const CONNECTION_TIMEOUT_MS = 3_000;
/** How long one try to connect may take, the first requests included, in milliseconds. */
const CONNECT_TRY_MS = 10_000;
/** How long a try may take even if less time is left, in milliseconds: a broker that answers or refuses does so by then, on a busy machine too. */
const MIN_CONNECT_TRY_MS = 5_000;
/**
 * How long a broker may be silent while a request waits, in milliseconds, but for a few kinds of requests: less than a session takes,
 * so that a consumer whose connection is dead comes back in time. Equals `request.timeout.ms`.
 */
const REQUEST_TIMEOUT_MS = 5_000;

function logLine({ namespace, log }: LogEntry): string {
  const { message, error } = log as { message: string; error?: unknown };
  return `kafkajs ${namespace}: ${message}${
    error ? ` (${messageOf(error)})` : ""
  }`;
}

/** Makes the client of a cluster. It doesn't connect yet. */
export async function createKafka(
  config: Config,
  options: KafkaOptions = {},
) {
  const security = config.security?.kafka;
  const { log } = options;
  const kafkajs = await loadKafkajs();
  const kafka = new kafkajs.Kafka({
    brokers: () => answeringBrokers(config.brokers, security),
    clientId: options.clientId ?? "cafe-event-pipeline",
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Waiting is done where the caller's deadline is known, not several layers deep: see connectWithin.
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 2 },
    socketFactory: socketFactory(security),
    ...(security?.sasl && { sasl: await saslMechanism(security.sasl) }),
    logLevel: kafkajs.logLevel[log ? "DEBUG" : "NOTHING"],
    logCreator: () => (entry) =>
      log?.(redact(logLine(entry), [security?.sasl?.password])),
  });
  const assigner = rangeAssigner(kafkajs);
  return {
    config,
    admin: () => new Admin(kafka),
    /** Makes a client that sends; `idempotent`: the broker recognises a batch that is sent again (`enable.idempotence`). */
    producer: (options?: { readonly idempotent?: boolean }) =>
      new MessageProducer(kafka, options),
    /** Makes a client that reads as a member of a group. */
    consumer: (settings: ConsumerSettings) =>
      new Consumer(kafka, { ...settings, assigner }),
    groups: () => new GroupClient(kafka),
    /** Makes a client that reads without a group. */
    reader: () => new TopicReader(kafka),
    catalog: () => new TopicCatalog(kafka),
    /** Makes a client for questions about the cluster and this user's rights. */
    inspector: () => new ClusterInspector(kafka),
  };
}

/** Connects, trying again with growing pauses until it works, the time is up or the signal ends the wait. */
export async function connectWithin<T extends Connectable>(
  client: T,
  config: Config,
  options: WaitOptions = {},
): Promise<T> {
  const { signal } = options;
  const what = `Kafka at ${config.brokers.join(",")}`;
  try {
    await waitFor(what, async (timeoutMs) => {
      try {
        // A broker may accept a connection and never answer; kafkajs waits for it and cannot be aborted.
        await within(client.connect(), {
          timeoutMs: Math.min(
            Math.max(timeoutMs, MIN_CONNECT_TRY_MS),
            CONNECT_TRY_MS,
          ),
          signal,
          late: () =>
            new OutageError(`${what} does not answer`, {
              hint: "Its log may say why; or the port is not Kafka's.",
              code: "kafka-unreachable",
            }),
        });
      } catch (error) {
        const gone = client.disconnect().catch(() => {});
        // Disconnecting waits for the answer that doesn't come.
        if (!(error instanceof OutageError)) await gone;
        throw error;
      }
    }, { ...options, isOutage: isKafkaOutage });
    return client;
  } catch (error) {
    throw explainKafkaError(error, { config, action: "Connecting" });
  }
}

/** A client that is connected. */
export interface ConnectedClient<C> {
  readonly kafka: KafkaClient;
  readonly client: C;
  /**
   * Runs the first requests, again until they succeed or the time of the start is up: a broker that has just started accepts connections
   * before it can do everything.
   */
  untilAnswered<T>(requests: () => Promise<T>): Promise<T>;
}

/** Which client to use, and for how long to try to reach Kafka. */
export interface ClientOptions<C> extends KafkaOptions, WaitOptions {
  readonly make: (kafka: KafkaClient) => C;
  /** What fails if the work does, to begin the sentence of its error. By default: `"A request"`. */
  readonly action?: string;
}

/** Runs some work with a connected client once, and closes the client. */
export async function useClient<C extends Connectable, T>(
  config: Config,
  options: ClientOptions<C>,
  work: (connected: ConnectedClient<C>) => Promise<T>,
): Promise<T> {
  const kafka = await createKafka(config, options);
  const wait = withDeadline(options);
  const client = await connectWithin(options.make(kafka), config, wait);
  try {
    return await work({
      kafka,
      client,
      untilAnswered: (requests) =>
        waitFor(`Kafka at ${config.brokers.join(",")}`, requests, {
          ...wait,
          notify: undefined,
          isOutage: isKafkaOutage,
        }),
    });
  } catch (error) {
    const { action = "A request" } = options;
    throw explainKafkaError(error, { config, action });
  } finally {
    await client.disconnect().catch(() => {});
  }
}

/**
 * Runs some requests with a connected client, and closes the client. They are repeated until they succeed or the time of the start is up:
 * see {@linkcode ConnectedClient.untilAnswered}.
 */
export function withClient<C extends Connectable, T>(
  config: Config,
  options: ClientOptions<C>,
  requests: (client: C) => Promise<T>,
): Promise<T> {
  return useClient(
    config,
    options,
    ({ client, untilAnswered }) => untilAnswered(() => requests(client)),
  );
}

/** Runs some work with a connected client for questions and changes, and closes it: see {@linkcode withClient}. */
export function withAdmin<T>(
  config: Config,
  options: Omit<ClientOptions<Admin>, "make">,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  return withClient(
    config,
    { ...options, make: (kafka) => kafka.admin() },
    work,
  );
}
