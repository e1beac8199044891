/**
 * Counters, gauges and histograms: one set of numbers that Prometheus reads as text, and that goes to OpenTelemetry's meter if there is
 * one.
 *
 * `prom-client` has more than is needed here, and would be a second set of numbers beside OpenTelemetry's.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/}
 * @module
 */

import type { Meter } from "npm:@opentelemetry/api@1.10.0";

/** What tells series of an instrument apart, by OpenTelemetry's names. */
export type Attributes = Readonly<Record<string, string>>;

/** What an instrument measures. */
export interface InstrumentSpec {
  /** Its name, as OpenTelemetry has it: words with dots between. */
  readonly name: string;
  /** Its unit in UCUM, such as `s` or `{message}`. */
  readonly unit: string;
  /** What it counts or measures, in one sentence without a period. */
  readonly description: string;
}

/** What a histogram measures. */
export interface HistogramSpec extends InstrumentSpec {
  /** The upper bounds of its buckets, ascending. */
  readonly boundaries: readonly number[];
}

/** A number that only grows. */
export interface CounterSeries {
  add(count?: number): void;
}

/** A distribution. */
export interface HistogramSeries {
  record(value: number): void;
}

/** The series of an instrument. */
export interface Instrument<S> {
  /** Finds the series with some attributes, or makes it. */
  with(attributes: Attributes): S;
}

/** An instrument whose values are read when they are asked for. */
export interface Gauge {
  /** Sets how the value with some attributes is read. */
  observe(attributes: Attributes, read: () => number | undefined): void;
  forget(attributes: Attributes): void;
}

/** A sample of Prometheus' text: what follows the name, labels by name, and the value. */
type Sample = readonly [suffix: string, labels: Attributes, value: number];

/** What is kept of an instrument for Prometheus. */
interface Family extends InstrumentSpec {
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: () => Iterable<Sample>;
}

/** Finds or makes what belongs to attributes. */
function byAttributes<S>(make: (attributes: Attributes) => S) {
  const found = new Map<string, S>();
  return {
    with: (attributes: Attributes) =>
      found.getOrInsertComputed(keyOf(attributes), () => make(attributes)),
    values: () => found.values(),
  };
}

function keyOf(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes));
}

/** The instruments of a process. */
export class Instruments {
  readonly #meter: Meter | undefined;
  readonly #families: Family[] = [];

  /** @param meter OpenTelemetry's, if the numbers go there too. */
  constructor(meter?: Meter) {
    this.#meter = meter;
  }

  counter(spec: InstrumentSpec): Instrument<CounterSeries> {
    const exported = this.#meter?.createCounter(spec.name, spec);
    const series = byAttributes((attributes) => {
      // Prometheus sees an increase only from a value that it has had.
      exported?.add(0, attributes);
      return {
        attributes,
        total: 0,
        add(count = 1) {
          this.total += count;
          exported?.add(count, attributes);
        },
      };
    });
    this.#families.push({
      ...spec,
      type: "counter",
      *samples() {
        for (const { attributes, total } of series.values()) {
          yield ["", attributes, total];
        }
      },
    });
    return series;
  }

  histogram(spec: HistogramSpec): Instrument<HistogramSeries> {
    const { boundaries } = spec;
    const exported = this.#meter?.createHistogram(spec.name, {
      ...spec,
      advice: { explicitBucketBoundaries: [...boundaries] },
    });
    const series = byAttributes((attributes) => ({
      attributes,
      /** By bucket; the last one has no bound. */
      counts: new Array<number>(boundaries.length + 1).fill(0),
      sum: 0,
      record(value: number) {
        let bucket = 0;
        while (value > (boundaries[bucket] ?? Infinity)) bucket++;
        this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
        this.sum += value;
        exported?.record(value, attributes);
      },
    }));
    this.#families.push({
      ...spec,
      type: "histogram",
      *samples() {
        for (const { attributes, counts, sum } of series.values()) {
          let total = 0;
          for (const [bucket, count] of counts.entries()) {
            const bound = boundaries[bucket];
            const le = bound === undefined ? "+Inf" : String(bound);
            yield ["_bucket", { ...attributes, le }, total += count];
          }
          yield ["_sum", attributes, sum];
          yield ["_count", attributes, total];
        }
      },
    });
    return series;
  }

  /** Makes a gauge. Its values are read when Prometheus or OpenTelemetry's exporter asks for them. */
  gauge(spec: InstrumentSpec): Gauge {
    const series = new Map<
      string,
      readonly [Attributes, () => number | undefined]
    >();
    function* values(): Generator<readonly [Attributes, number]> {
      for (const [attributes, read] of series.values()) {
        const value = read();
        if (value !== undefined) yield [attributes, value];
      }
    }
    this.#meter?.createObservableGauge(spec.name, spec)
      .addCallback((result) => {
        for (const [attributes, value] of values()) {
          result.observe(value, attributes);
        }
      });
    this.#families.push({
      ...spec,
      type: "gauge",
      *samples() {
        for (const [attributes, value] of values()) {
          yield ["", attributes, value];
        }
      },
    });
    return {
      observe: (attributes, read) =>
        void series.set(keyOf(attributes), [attributes, read]),
      forget: (attributes) => void series.delete(keyOf(attributes)),
    };
  }

  /**
   * Writes all numbers in Prometheus' text format. Names and labels are those that OpenTelemetry's Prometheus exporter makes of the same
   * instruments.
   */
  prometheusText(): string {
    return this.#families.map((family) => {
      const name = prometheusName(family);
      const samples = [...family.samples()].map(([suffix, labels, value]) =>
        `${name}${suffix}${labelsText(labels)} ${value}\n`
      );
      if (samples.length === 0) return "";
      return [
        `# HELP ${name} ${family.description}\n`,
        `# TYPE ${name} ${family.type}\n`,
        ...samples,
      ].join("");
    }).join("");
  }
}

function prometheusName({ name, unit, type }: Family): string {
  const words = name.replaceAll(".", "_");
  return words + (unit === "s" ? "_seconds" : "") +
    (type === "counter" ? "_total" : "");
}

function labelsText(labels: Attributes): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name.replaceAll(".", "_")}="${escapeLabel(value)}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}
