/**
 * A collector for tests: takes what Deno exports to OpenTelemetry, as JSON over HTTP (OTLP).
 *
 * @module
 */

/** An attribute's value, as OTLP writes it. */
interface AnyValue {
  readonly stringValue?: string;
  /** A 64-bit number, as text. */
  readonly intValue?: string | number;
  readonly doubleValue?: number;
}

type KeyValues = readonly { readonly key: string; readonly value: AnyValue }[];

interface Scoped {
  readonly scope: { readonly name: string };
  readonly schemaUrl: string;
}

interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: KeyValues;
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
  }[];
  readonly events: readonly { readonly name: string }[];
  readonly status: { readonly code: number };
}

interface RawPoint {
  readonly attributes: KeyValues;
  readonly startTimeUnixNano: string;
  readonly asDouble?: number;
  readonly asInt?: string | number;
  readonly count?: string | number;
}

/** The bodies of requests. */
interface Body {
  readonly resourceSpans?: readonly {
    readonly scopeSpans:
      readonly (Scoped & { readonly spans: readonly RawSpan[] })[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly (Scoped & {
      readonly metrics: readonly (
        & {
          readonly name: string;
        }
        & Readonly<
          Record<
            "sum" | "gauge" | "histogram",
            { readonly dataPoints: readonly RawPoint[] } | undefined
          >
        >
      )[];
    })[];
  }[];
}

/** Attributes by name. */
export type Attributes = Readonly<Record<string, string | number>>;

/** A span that was exported. */
export interface ExportedSpan extends Omit<RawSpan, "attributes" | "links"> {
  /** Its attributes. */
  readonly attributes: Attributes;
  /** The ids of the spans that it links to. */
  readonly links: readonly string[];
}

/** The kinds of spans that this project makes, by OTLP's numbers. */
export const KIND = { client: 3, producer: 4, consumer: 5 } as const;

/** What makes this project's spans and metrics. Deno makes some of its own. */
const SCOPE = "campus-cafe-event-pipeline";

/** A collector that listens. */
export class OtlpReceiver implements AsyncDisposable {
  readonly #bodies: { readonly path: string; readonly text: string }[] = [];
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname: path } = new URL(request.url);
      this.#bodies.push({ path, text: await request.text() });
      return Response.json({});
    },
  );

  /** The environment of a process that exports to it. */
  get env(): Readonly<Record<string, string>> {
    return otelEnv(this.#server.addr.port);
  }

  /** Everything that it got, as it came. */
  get text(): string {
    return this.#bodies.map(({ text }) => text).join("\n");
  }

  /** The paths that something came to. */
  get paths(): readonly string[] {
    return [...new Set(this.#bodies.map(({ path }) => path))].sort();
  }

  /** The spans of this project. */
  get spans(): readonly ExportedSpan[] {
    return this.#read().flatMap(({ resourceSpans = [] }) => resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans.filter(isOwn))
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        ...span,
        attributes: attributesOf(span.attributes),
        links: span.links.map(({ spanId }) => spanId),
      }));
  }

  /**
   * Finds the spans of a name.
   *
   * @param name The name.
   * @returns The spans.
   */
  named(name: string): readonly ExportedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The schemas that this project's spans and metrics name. */
  get schemaUrls(): readonly string[] {
    const scopes: readonly Scoped[] = this.#read().flatMap((body) => [
      ...(body.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans),
      ...(body.resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
        scopeMetrics
      ),
    ]);
    return [...new Set(scopes.filter(isOwn).map(({ schemaUrl }) => schemaUrl))];
  }

  /**
   * Sums the newest values of a metric, over its series and over the processes that exported it. A histogram's value is its count.
   *
   * @param name The metric's name.
   * @param matches Attributes of the series that count.
   * @returns The sum; undefined if there is none.
   */
  metric(name: string, matches: Attributes = {}): number | undefined {
    const newest = new Map<string, number>();
    const metrics = this.#read().flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics
    ).flatMap(({ scopeMetrics }) => scopeMetrics.filter(isOwn))
      .flatMap(({ metrics }) => metrics).filter((one) => one.name === name);
    for (const { sum, gauge, histogram } of metrics) {
      for (const point of (sum ?? gauge ?? histogram)?.dataPoints ?? []) {
        const attributes = attributesOf(point.attributes);
        const isMeant = Object.entries(matches).every(([key, value]) =>
          attributes[key] === value
        );
        const { startTimeUnixNano, asDouble, asInt, count } = point;
        // A gauge's points have other starts each time.
        const start = gauge ? "" : startTimeUnixNano;
        const series = JSON.stringify([start, attributes]);
        if (isMeant) newest.set(series, Number(asDouble ?? asInt ?? count));
      }
    }
    return newest.size === 0
      ? undefined
      : newest.values().reduce((total, value) => total + value, 0);
  }

  /** The names of all attributes of this project's spans. */
  get attributeNames(): readonly string[] {
    const names = this.spans.flatMap(({ attributes }) =>
      Object.keys(attributes)
    );
    return [...new Set(names)].sort();
  }

  #read(): readonly Body[] {
    return this.#bodies.map(({ text }) => JSON.parse(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/**
 * Makes the environment of a process that exports to OpenTelemetry.
 *
 * @param port The collector's port.
 * @returns The variables.
 */
export function otelEnv(port: number): Readonly<Record<string, string>> {
  return {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "500",
  };
}

function isOwn({ scope }: Scoped): boolean {
  return scope.name === SCOPE;
}

function attributesOf(pairs: KeyValues): Attributes {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}
