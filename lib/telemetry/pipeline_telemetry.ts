/**
 * Metrics of runs, whether they are ready for work, and their traces.
 *
 * @module
 */

import type {
  ConsumerRun,
  ConsumerTelemetry,
  Dependency,
  ProducerRun,
  ProducerTelemetry,
  RunTelemetry,
  StoreRun,
  StoreTelemetry,
  Telemetry,
} from "../events/telemetry.ts";
import {
  type Attributes,
  type HistogramSeries,
  type Instrument,
  Instruments,
} from "./instruments.ts";
import { ATTRIBUTE, errorTypeOf, SCHEMA_URL } from "./names.ts";
import { type Api, type OpenSpan, Tracing } from "./tracing.ts";

/** The name of what makes the spans and metrics. */
const SCOPE = "campus-cafe-event-pipeline";

/** Bounds of a duration's buckets, in seconds: those that the semantic conventions advise for messages, and for databases. */
const MESSAGING_SECONDS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75],
  ...[1, 2.5, 5, 7.5, 10],
];
const DATABASE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

const OWN = { dependency: "cafe.dependency", operation: "cafe.operation" };

/** What is measured. Names that begin with `cafe` are this project's, the others those of the semantic conventions. */
function makeMetrics(instruments: Instruments) {
  const counter = (name: string, description: string, unit = "{event}") =>
    instruments.counter({ name, description, unit });
  return {
    sent: counter(
      "messaging.client.sent.messages",
      "Messages that requests to the brokers had, repeated ones included",
      "{message}",
    ),
    delivered: counter(
      "cafe.events.delivered",
      "Events that the brokers have acknowledged",
    ),
    failed: counter("cafe.events.failed", "Events that were not delivered"),
    invalid: counter(
      "cafe.events.invalid",
      "Values of the source that are not valid events, and were not sent",
    ),
    consumed: counter(
      "messaging.client.consumed.messages",
      "Messages whose events a handler got",
      "{message}",
    ),
    deadLetters: counter(
      "cafe.dead_letters",
      "Messages that were set aside as dead letters",
      "{message}",
    ),
    tombstones: counter(
      "cafe.tombstones",
      "Messages without a value",
      "{message}",
    ),
    stored: counter("cafe.events.stored", "Events that a store has added"),
    repeated: counter(
      "cafe.events.repeated",
      "Events that a store had already",
    ),
    retries: counter(
      "cafe.retries",
      "Operations that failed and were tried again",
      "{retry}",
    ),
    waits: counter(
      "cafe.waits",
      "Waits for something that was away",
      "{wait}",
    ),
    lag: instruments.gauge({
      name: "cafe.consumer.lag",
      description: "Messages of a partition that the group has not committed",
      unit: "{message}",
    }),
    age: instruments.gauge({
      name: "cafe.consumer.newest_event.age",
      description: "How long ago the newest event was sent that a handler got",
      unit: "s",
    }),
    operation: instruments.histogram({
      name: "messaging.client.operation.duration",
      description: "Duration of requests that send or commit",
      unit: "s",
      boundaries: MESSAGING_SECONDS,
    }),
    process: instruments.histogram({
      name: "messaging.process.duration",
      description: "Duration of the processing of an event, or of a batch",
      unit: "s",
      boundaries: MESSAGING_SECONDS,
    }),
    transaction: instruments.histogram({
      name: "db.client.operation.duration",
      description: "Duration of transactions that write events",
      unit: "s",
      boundaries: DATABASE_SECONDS,
    }),
  };
}

type Metrics = ReturnType<typeof makeMetrics>;

/** A run, and whether it is ready for work. */
interface Run extends RunTelemetry {
  readonly attributes: Attributes;
  isConnected: boolean;
  /** What it waits for. */
  readonly away: ReadonlySet<Dependency>;
}

interface Shared {
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  readonly runs: Set<Run>;
}

/** Observes runs: counts what they do, makes traces of it, and knows whether they are ready for work. */
export class PipelineTelemetry implements Telemetry {
  readonly #instruments: Instruments;
  readonly #shared: Shared;

  /** Makes it. With OpenTelemetry's API, metrics go there too, and traces. */
  constructor(api?: Api) {
    this.#instruments = new Instruments(
      api?.metrics.getMeter(SCOPE, undefined, { schemaUrl: SCHEMA_URL }),
    );
    this.#shared = {
      metrics: makeMetrics(this.#instruments),
      tracing: api && new Tracing(api, SCOPE),
      runs: new Set(),
    };
  }

  /** Whether there are runs, all are connected or have been assigned their partitions, and none waits for something that is away. */
  get isReady(): boolean {
    const { runs } = this.#shared;
    return runs.size > 0 &&
      runs.values().every(({ isConnected, away }) =>
        isConnected && away.size === 0
      );
  }

  /** Writes the metrics in Prometheus' text format. */
  prometheusText(): string {
    return this.#instruments.prometheusText();
  }

  /** Observes a producer. */
  producing(run: ProducerRun): ProducerTelemetry {
    return observeProducer(this.#shared, run);
  }

  /** Observes a consumer. */
  consuming(run: ConsumerRun): ConsumerTelemetry {
    return observeConsumer(this.#shared, run);
  }

  storing(run: StoreRun): StoreTelemetry {
    return observeStore(this.#shared, run);
  }
}

function beginRun({ metrics, runs }: Shared, options: {
  readonly attributes: Attributes;
  readonly dependencies: readonly Dependency[];
  readonly isConnected: boolean;
}): Run {
  const { dependencies, isConnected } = options;
  const attributes = { [ATTRIBUTE.system]: "kafka", ...options.attributes };
  const waits = new Map(dependencies.map((dependency) => [
    dependency,
    metrics.waits.with({ ...attributes, [OWN.dependency]: dependency }),
  ]));
  const away = new Set<Dependency>();
  const run: Run = {
    attributes,
    isConnected,
    away,
    waiting(what, isAway) {
      if (!isAway) away.delete(what);
      else if (!away.has(what)) {
        away.add(what);
        waits.get(what)?.add();
      }
    },
    ended: () => void runs.delete(run),
  };
  runs.add(run);
  return run;
}

/** Makes what times work and ends its span: in a histogram, under the kind of error if there was one. */
function timer(histogram: Instrument<HistogramSeries>, attributes: Attributes) {
  const succeeded = histogram.with(attributes);
  return (span: OpenSpan | undefined) => {
    const startedAt = performance.now();
    return {
      call: <R>(work: () => R) => span ? span.call(work) : work(),
      end(error?: unknown) {
        span?.end(error);
        const series = error === undefined
          ? succeeded
          : histogram.with(failing(attributes, error));
        series.record((performance.now() - startedAt) / 1_000);
      },
    };
  };
}

function failing(attributes: Attributes, error: unknown): Attributes {
  return { ...attributes, [ATTRIBUTE.errorType]: errorTypeOf(error) };
}

function observeProducer(
  shared: Shared,
  { topic }: ProducerRun,
): ProducerTelemetry {
  const { metrics, tracing } = shared;
  const { attributes, waiting, ended } = beginRun(shared, {
    attributes: { [ATTRIBUTE.topic]: topic },
    dependencies: ["kafka"],
    isConnected: true,
  });
  const sending = { ...attributes, [ATTRIBUTE.operationName]: "send" };
  const sent = metrics.sent.with(sending);
  const delivered = metrics.delivered.with(attributes);
  const failed = metrics.failed.with(attributes);
  const invalid = metrics.invalid.with(attributes);
  const retries = metrics.retries
    .with({ ...attributes, [OWN.operation]: "send" });
  const timed = timer(metrics.operation, sending);
  return {
    waiting,
    ended,
    creating: (partition, headers) =>
      tracing ? tracing.create({ topic, partition }, headers) : headers,
    sending(request) {
      const count = request.messages.length;
      const { end } = timed(tracing?.send(topic, request));
      return (failure) => {
        end(failure?.error);
        if (!failure) {
          sent.add(count);
          delivered.add(count);
          return;
        }
        const { error, again } = failure;
        metrics.sent.with(failing(sending, error)).add(count);
        if (again) retries.add();
      };
    },
    failed: () => failed.add(),
    invalid: () => invalid.add(),
  };
}

function observeConsumer(
  shared: Shared,
  consumer: ConsumerRun,
): ConsumerTelemetry {
  const { metrics, tracing } = shared;
  const run = beginRun(shared, {
    attributes: {
      [ATTRIBUTE.topic]: consumer.topic,
      [ATTRIBUTE.group]: consumer.group,
    },
    dependencies: ["kafka", "registry"],
    isConnected: false,
  });
  const { attributes } = run;
  const operation = (name: string) => ({
    ...attributes,
    [ATTRIBUTE.operationName]: name,
  });
  const consumed = metrics.consumed.with(operation("process"));
  const deadLetters = metrics.deadLetters.with(attributes);
  const tombstones = metrics.tombstones.with(attributes);
  const retries = metrics.retries
    .with({ ...attributes, [OWN.operation]: "process" });
  const processing = timer(metrics.process, operation("process"));
  const committing = timer(metrics.operation, operation("commit"));
  /** When the newest event was sent that a handler got, in milliseconds since the epoch; -1 before the first. */
  let newest = -1;
  metrics.age.observe(
    attributes,
    () => newest < 0 ? undefined : Math.max(Date.now() - newest, 0) / 1_000,
  );
  let known: ReadonlyMap<number, number> = new Map();
  const lagOf = (partition: number) => ({
    ...attributes,
    [ATTRIBUTE.partition]: String(partition),
  });
  const lagging = (lags: ReadonlyMap<number, number>) => {
    for (const partition of known.keys()) {
      if (!lags.has(partition)) metrics.lag.forget(lagOf(partition));
    }
    for (const partition of lags.keys()) {
      if (known.has(partition)) continue;
      metrics.lag.observe(lagOf(partition), () => known.get(partition));
    }
    known = lags;
  };
  return {
    waiting: run.waiting,
    ended() {
      run.ended();
      lagging(new Map());
      metrics.age.forget(attributes);
    },
    assigned() {
      run.isConnected = true;
    },
    lagging,
    processing(records) {
      consumed.add(records.length);
      for (const { timestamp } of records) {
        if (timestamp > newest) newest = timestamp;
      }
      const span = tracing?.process(consumer, records);
      const { call, end } = processing(span);
      return {
        call,
        again(error) {
          retries.add();
          span?.again(error);
        },
        ended: end,
      };
    },
    setAside: () => deadLetters.add(),
    tombstone: () => tombstones.add(),
    committing: () => committing(tracing?.commit(consumer)).end,
  };
}

function observeStore(shared: Shared, store: StoreRun): StoreTelemetry {
  const { metrics, tracing } = shared;
  const { attributes, waiting, ended } = beginRun(shared, {
    attributes: { [ATTRIBUTE.topic]: store.topic },
    dependencies: ["database"],
    isConnected: true,
  });
  const stored = metrics.stored.with(attributes);
  const repeated = metrics.repeated.with(attributes);
  const timed = timer(metrics.transaction, {
    [ATTRIBUTE.databaseSystem]: store.system,
    [ATTRIBUTE.collection]: store.table,
    [ATTRIBUTE.databaseOperation]: "transaction",
  });
  return {
    waiting,
    ended,
    writing(count) {
      const { call, end } = timed(tracing?.write(store, count));
      return {
        call,
        written(added) {
          end();
          stored.add(added);
          repeated.add(count - added);
        },
        failed: end,
      };
    },
  };
}
