/**
 * Metrics of runs, whether they are ready for work, and their traces.
 *
 * @module
 */

import type { EventRecord, OutgoingHeader } from "../events/record.ts";
import type {
  ConsumerRun,
  ConsumerTelemetry,
  Dependency,
  Processing,
  ProducerRun,
  ProducerTelemetry,
  RunTelemetry,
  SendFailure,
  SendRequest,
  StoreRun,
  StoreTelemetry,
  Telemetry,
  Writing,
} from "../events/telemetry.ts";
import {
  type Attributes,
  type CounterSeries,
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
    return runs.size > 0 && runs.values().every((run) => run.isReady);
  }

  /** Writes the metrics in Prometheus' text format. */
  prometheusText(): string {
    return this.#instruments.prometheusText();
  }

  /** Observes a producer. */
  producing(run: ProducerRun): ProducerTelemetry {
    return new Producing(this.#shared, run);
  }

  /** Observes a consumer. */
  consuming(run: ConsumerRun): ConsumerTelemetry {
    return new Consuming(this.#shared, run);
  }

  storing(run: StoreRun): StoreTelemetry {
    return new Storing(this.#shared, run);
  }
}

class Run implements RunTelemetry {
  protected readonly metrics: Metrics;
  protected readonly tracing: Tracing | undefined;
  protected readonly attributes: Attributes;
  readonly #runs: Set<Run>;
  readonly #waits: ReadonlyMap<Dependency, CounterSeries>;
  readonly #away = new Set<Dependency>();
  #isConnected: boolean;

  constructor(shared: Shared, options: {
    readonly attributes: Attributes;
    readonly dependencies: readonly Dependency[];
    readonly isConnected: boolean;
  }) {
    const { attributes, dependencies, isConnected } = options;
    this.metrics = shared.metrics;
    this.tracing = shared.tracing;
    this.attributes = { [ATTRIBUTE.system]: "kafka", ...attributes };
    this.#isConnected = isConnected;
    this.#waits = new Map(dependencies.map((dependency) => [
      dependency,
      this.metrics.waits.with({
        ...this.attributes,
        [OWN.dependency]: dependency,
      }),
    ]));
    this.#runs = shared.runs.add(this);
  }

  get isReady(): boolean {
    return this.#isConnected && this.#away.size === 0;
  }

  protected connected(): void {
    this.#isConnected = true;
  }

  waiting(what: Dependency, waits: boolean): void {
    if (!waits) this.#away.delete(what);
    else if (!this.#away.has(what)) {
      this.#away.add(what);
      this.#waits.get(what)?.add();
    }
  }

  ended(): void {
    this.#runs.delete(this);
  }

  /** Counts an operation that failed and is tried again. */
  protected retries(operation: string): CounterSeries {
    return this.metrics.retries.with({
      ...this.attributes,
      [OWN.operation]: operation,
    });
  }
}

/** Adds to a duration's histogram, under the kind of error if there was one. */
class Duration {
  readonly #histogram: Instrument<HistogramSeries>;
  readonly #attributes: Attributes;
  readonly #succeeded: HistogramSeries;

  constructor(histogram: Instrument<HistogramSeries>, attributes: Attributes) {
    this.#histogram = histogram;
    this.#attributes = attributes;
    this.#succeeded = histogram.with(attributes);
  }

  /** Adds what has taken from a time until now, by `performance.now()`. */
  since(startedAt: number, error?: unknown): void {
    const series = error === undefined
      ? this.#succeeded
      : this.#histogram.with(failing(this.#attributes, error));
    series.record((performance.now() - startedAt) / 1_000);
  }
}

function failing(attributes: Attributes, error: unknown): Attributes {
  return { ...attributes, [ATTRIBUTE.errorType]: errorTypeOf(error) };
}

class Producing extends Run implements ProducerTelemetry {
  readonly #topic: string;
  readonly #sending: Attributes;
  readonly #sent: CounterSeries;
  readonly #delivered: CounterSeries;
  readonly #failed: CounterSeries;
  readonly #invalid: CounterSeries;
  readonly #again: CounterSeries;
  readonly #duration: Duration;

  constructor(shared: Shared, { topic }: ProducerRun) {
    super(shared, {
      attributes: { [ATTRIBUTE.topic]: topic },
      dependencies: ["kafka"],
      isConnected: true,
    });
    const { metrics, attributes } = this;
    this.#topic = topic;
    this.#sending = { ...attributes, [ATTRIBUTE.operationName]: "send" };
    this.#sent = metrics.sent.with(this.#sending);
    this.#delivered = metrics.delivered.with(attributes);
    this.#failed = metrics.failed.with(attributes);
    this.#invalid = metrics.invalid.with(attributes);
    this.#again = this.retries("send");
    this.#duration = new Duration(metrics.operation, this.#sending);
  }

  creating(
    partition: number,
    headers: readonly OutgoingHeader[] | undefined,
  ): readonly OutgoingHeader[] | undefined {
    return this.tracing
      ? this.tracing.create({ topic: this.#topic, partition }, headers)
      : headers;
  }

  sending(request: SendRequest): (failure?: SendFailure) => void {
    const count = request.messages.length;
    const startedAt = performance.now();
    const span = this.tracing?.send(this.#topic, request);
    return (failure) => {
      span?.end(failure?.error);
      this.#duration.since(startedAt, failure?.error);
      if (!failure) {
        this.#sent.add(count);
        this.#delivered.add(count);
        return;
      }
      const { error, again } = failure;
      this.metrics.sent.with(failing(this.#sending, error)).add(count);
      if (again) this.#again.add();
    };
  }

  failed(): void {
    this.#failed.add();
  }

  invalid(): void {
    this.#invalid.add();
  }
}

class Consuming extends Run implements ConsumerTelemetry {
  readonly #run: ConsumerRun;
  readonly #consumed: CounterSeries;
  readonly #deadLetters: CounterSeries;
  readonly #tombstones: CounterSeries;
  readonly #again: CounterSeries;
  readonly #process: Duration;
  readonly #commit: Duration;
  #lags: ReadonlyMap<number, number> = new Map();
  /** When the newest event was sent that a handler got, in milliseconds since the epoch; -1 before the first. */
  #newest = -1;

  constructor(shared: Shared, run: ConsumerRun) {
    super(shared, {
      attributes: {
        [ATTRIBUTE.topic]: run.topic,
        [ATTRIBUTE.group]: run.group,
      },
      dependencies: ["kafka", "registry"],
      isConnected: false,
    });
    const { metrics, attributes } = this;
    const operation = (name: string) => ({
      ...attributes,
      [ATTRIBUTE.operationName]: name,
    });
    this.#run = run;
    this.#consumed = metrics.consumed.with(operation("process"));
    this.#deadLetters = metrics.deadLetters.with(attributes);
    this.#tombstones = metrics.tombstones.with(attributes);
    this.#again = this.retries("process");
    this.#process = new Duration(metrics.process, operation("process"));
    this.#commit = new Duration(metrics.operation, operation("commit"));
    metrics.age.observe(
      attributes,
      () =>
        this.#newest < 0
          ? undefined
          : Math.max(Date.now() - this.#newest, 0) / 1_000,
    );
  }

  assigned(): void {
    this.connected();
  }

  lagging(lags: ReadonlyMap<number, number>): void {
    const { lag } = this.metrics;
    for (const partition of this.#lags.keys()) {
      if (!lags.has(partition)) lag.forget(this.#lagOf(partition));
    }
    for (const partition of lags.keys()) {
      if (this.#lags.has(partition)) continue;
      const read = () => this.#lags.get(partition);
      lag.observe(this.#lagOf(partition), read);
    }
    this.#lags = lags;
  }

  #lagOf(partition: number): Attributes {
    return { ...this.attributes, [ATTRIBUTE.partition]: String(partition) };
  }

  processing(records: readonly EventRecord<unknown>[]): Processing {
    this.#consumed.add(records.length);
    for (const { timestamp } of records) {
      if (timestamp > this.#newest) this.#newest = timestamp;
    }
    return new TimedProcessing(
      { duration: this.#process, retries: this.#again },
      this.tracing?.process(this.#run, records),
    );
  }

  setAside(): void {
    this.#deadLetters.add();
  }

  tombstone(): void {
    this.#tombstones.add();
  }

  committing(): (error?: unknown) => void {
    const startedAt = performance.now();
    const span = this.tracing?.commit(this.#run);
    return (error) => {
      span?.end(error);
      this.#commit.since(startedAt, error);
    };
  }

  override ended(): void {
    super.ended();
    this.lagging(new Map());
    this.metrics.age.forget(this.attributes);
  }
}

class TimedProcessing implements Processing {
  readonly #parts: {
    readonly duration: Duration;
    readonly retries: CounterSeries;
  };
  readonly #span: OpenSpan | undefined;
  readonly #startedAt = performance.now();

  constructor(
    parts: { readonly duration: Duration; readonly retries: CounterSeries },
    span: OpenSpan | undefined,
  ) {
    this.#parts = parts;
    this.#span = span;
  }

  call<R>(work: () => R): R {
    return this.#span ? this.#span.call(work) : work();
  }

  again(error: unknown): void {
    this.#parts.retries.add();
    this.#span?.again(error);
  }

  ended(error?: unknown): void {
    this.#span?.end(error);
    this.#parts.duration.since(this.#startedAt, error);
  }
}

class Storing extends Run implements StoreTelemetry {
  readonly #run: StoreRun;
  readonly #stored: CounterSeries;
  readonly #repeated: CounterSeries;
  readonly #duration: Duration;

  constructor(shared: Shared, run: StoreRun) {
    super(shared, {
      attributes: { [ATTRIBUTE.topic]: run.topic },
      dependencies: ["database"],
      isConnected: true,
    });
    const { metrics, attributes } = this;
    this.#run = run;
    this.#stored = metrics.stored.with(attributes);
    this.#repeated = metrics.repeated.with(attributes);
    this.#duration = new Duration(metrics.transaction, {
      [ATTRIBUTE.databaseSystem]: run.system,
      [ATTRIBUTE.collection]: run.table,
      [ATTRIBUTE.databaseOperation]: "transaction",
    });
  }

  writing(count: number): Writing {
    const startedAt = performance.now();
    const span = this.tracing?.write(this.#run, count);
    const ended = (error?: unknown) => {
      span?.end(error);
      this.#duration.since(startedAt, error);
    };
    return {
      call: (work) => span ? span.call(work) : work(),
      written: (added) => {
        ended();
        this.#stored.add(added);
        this.#repeated.add(count - added);
      },
      failed: ended,
    };
  }
}
