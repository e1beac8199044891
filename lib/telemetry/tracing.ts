/**
 * Spans, and the context of a trace in messages' headers (W3C `traceparent`).
 *
 * Each event has a span for its creation, whose context travels in its headers; a request that sends several links to them, and so does
 * the processing of a batch. A single event's sending and processing are children of its creation, so that its way is one trace.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/}
 * @module
 */

import type {
  Context,
  Link,
  Span,
  SpanContext,
  TextMapGetter,
  TextMapSetter,
} from "npm:@opentelemetry/api@1.10.0";
import type { EventRecord, OutgoingHeader } from "../events/record.ts";
import type {
  ConsumerRun,
  SendRequest,
  StoreRun,
} from "../events/telemetry.ts";
import { ATTRIBUTE, errorTypeOf, SCHEMA_URL } from "./names.ts";

/** OpenTelemetry's API. */
export type Api = typeof import("npm:@opentelemetry/api@1.10.0");

/** How many links a span gets at most: OpenTelemetry's default limit. */
const MAX_LINKS_COUNT = 128;

const SETTER: TextMapSetter<OutgoingHeader[]> = {
  set: (headers, name, value) => void headers.push([name, value]),
};

const decoder = new TextDecoder();

const GETTER: TextMapGetter<readonly OutgoingHeader[]> = {
  get(headers, name) {
    const value = headers.findLast((header) => header[0] === name)?.[1];
    return value instanceof Uint8Array
      ? decoder.decode(value)
      : value ?? undefined;
  },
  keys: (headers) => headers.map(([name]) => name),
};

/** A span that has begun. */
export type OpenSpan = ReturnType<typeof openSpan>;

function openSpan(
  api: Api,
  { span, parent }: { readonly span: Span; readonly parent: Context },
) {
  const inside = api.trace.setSpan(parent, span);
  return {
    call: <R>(work: () => R): R => api.context.with(inside, work),
    /** Adds that a try has failed. Only the error's kind is named. */
    again(error: unknown): void {
      span.addEvent("retry", { [ATTRIBUTE.errorType]: errorTypeOf(error) });
    },
    /** Ends it, as failed if there is an error. Only its kind is named. */
    end(error?: unknown): void {
      if (error !== undefined) {
        span.setStatus({ code: api.SpanStatusCode.ERROR });
        span.setAttribute(ATTRIBUTE.errorType, errorTypeOf(error));
      }
      span.end();
    },
  };
}

/** Makes spans. */
export class Tracing {
  readonly #api: Api;
  readonly #tracer: ReturnType<Api["trace"]["getTracer"]>;

  constructor(api: Api, scope: string) {
    this.#api = api;
    this.#tracer = api.trace.getTracerProvider()
      .getTracer(scope, undefined, { schemaUrl: SCHEMA_URL });
  }

  /** Makes the span of an event's creation, and returns its headers with the span's context, unless they have one. */
  create(
    place: { readonly topic: string; readonly partition: number },
    headers: readonly OutgoingHeader[] = [],
  ): readonly OutgoingHeader[] {
    if (this.#creationOf(headers)) return headers;
    const { context, propagation, SpanKind, trace } = this.#api;
    const span = this.#tracer.startSpan(`create ${place.topic}`, {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...attributesOf("create", place.topic),
        [ATTRIBUTE.partition]: String(place.partition),
      },
    });
    const carrier = [...headers];
    propagation.inject(trace.setSpan(context.active(), span), carrier, SETTER);
    span.end();
    return carrier;
  }

  /** Begins the span of a request that sends messages. */
  send(topic: string, { partition, messages }: SendRequest): OpenSpan {
    return this.#open(`send ${topic}`, {
      kind: this.#api.SpanKind.CLIENT,
      attributes: {
        ...attributesOf("send", topic),
        [ATTRIBUTE.partition]: String(partition),
        [ATTRIBUTE.batchSize]: messages.length,
      },
      messages,
    });
  }

  process(
    { topic, group }: ConsumerRun,
    records: readonly EventRecord<unknown>[],
  ): OpenSpan {
    const [{ partition, offset }] = records as [EventRecord<unknown>];
    return this.#open(`process ${topic}`, {
      kind: this.#api.SpanKind.CONSUMER,
      attributes: {
        ...attributesOf("process", topic),
        [ATTRIBUTE.group]: group,
        [ATTRIBUTE.partition]: String(partition),
        ...(records.length === 1
          ? { [ATTRIBUTE.offset]: Number(offset) }
          : { [ATTRIBUTE.batchSize]: records.length }),
      },
      messages: records,
    });
  }

  commit({ topic, group }: ConsumerRun): OpenSpan {
    return this.#open(`commit ${topic}`, {
      kind: this.#api.SpanKind.CLIENT,
      attributes: {
        ...attributesOf("commit", topic, "settle"),
        [ATTRIBUTE.group]: group,
      },
    });
  }

  /** Begins the span of a transaction, within that of the processing. */
  write({ table, system }: StoreRun, count: number): OpenSpan {
    return this.#open(`transaction ${table}`, {
      kind: this.#api.SpanKind.CLIENT,
      attributes: {
        [ATTRIBUTE.databaseSystem]: system,
        [ATTRIBUTE.collection]: table,
        [ATTRIBUTE.databaseOperation]: "transaction",
        [ATTRIBUTE.databaseBatchSize]: count,
      },
      within: this.#api.context.active(),
    });
  }

  /** Begins a span that links to the creation of each message, and is a child of it if there is only one. */
  #open(name: string, options: {
    readonly kind: number;
    readonly attributes: Readonly<Record<string, string | number>>;
    readonly messages?: SendRequest["messages"];
    readonly within?: Context;
  }): OpenSpan {
    const { ROOT_CONTEXT, trace } = this.#api;
    const { kind, messages = [], within = ROOT_CONTEXT } = options;
    const attributes = { ...options.attributes };
    const links: Link[] = [];
    for (const { headers } of messages) {
      if (links.length === MAX_LINKS_COUNT) break;
      const context = this.#creationOf(headers);
      if (context) links.push({ context });
    }
    const [first] = links;
    const parent = first && messages.length === 1
      ? trace.setSpanContext(ROOT_CONTEXT, first.context)
      : within;
    const span = this.#tracer
      .startSpan(name, { kind, attributes, links }, parent);
    return openSpan(this.#api, { span, parent });
  }

  /** Reads the context of an event's creation from its headers. */
  #creationOf(
    headers: readonly OutgoingHeader[] | undefined,
  ): SpanContext | undefined {
    if (!headers || headers.length === 0) return undefined;
    const { propagation, ROOT_CONTEXT, trace, isSpanContextValid } = this.#api;
    const found = trace.getSpanContext(
      propagation.extract(ROOT_CONTEXT, headers, GETTER),
    );
    return found && isSpanContextValid(found) ? found : undefined;
  }
}

/** What tells the operation of a span, and on which topic. */
function attributesOf(
  name: string,
  topic: string,
  type = name,
): Readonly<Record<string, string>> {
  return {
    [ATTRIBUTE.system]: "kafka",
    [ATTRIBUTE.operationName]: name,
    [ATTRIBUTE.operationType]: type,
    [ATTRIBUTE.topic]: topic,
  };
}
