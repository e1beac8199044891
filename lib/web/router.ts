/**
 * What the server answers to which address.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { within } from "../base/pause.ts";
import { jsonAnswer, RequestError } from "./answers.ts";
import { type GroupWatch, resetAnswer } from "./groups.ts";
import type { LetterBox } from "./letters.ts";
import type { LiveFeed } from "./live.ts";
import { messagesAnswer } from "./messages.ts";
import { pageFiles } from "./page/files.ts";
import { numberOf } from "./parameters.ts";
import type { Pipeline } from "./pipeline.ts";
import { schemaAnswer, schemasAnswer } from "./schemas.ts";
import { downloadAnswer, followAnswer } from "./streams.ts";
import { topicAnswer, topicsAnswer } from "./topics.ts";

/** What answers requests. */
export interface Backend {
  readonly pipeline: Pipeline;
  /** What open pages are told. */
  readonly live: LiveFeed;
  readonly groups: GroupWatch;
  readonly letters: LetterBox;
}

/** A request to one of the addresses. */
interface Call {
  readonly request: Request;
  readonly parameters: URLSearchParams;
  /** The part of the address that is a name; empty if there is none. */
  readonly name: string;
}

type Handler = (backend: Backend, call: Call) => Response | Promise<Response>;

const json =
  (answer: (backend: Backend, call: Call) => unknown): Handler =>
  async (backend, call) => jsonAnswer(await answer(backend, call));

/** What a body says, by name. */
type Body = Readonly<Record<string, unknown>>;

const act = (
  work: (backend: Backend, name: string, body: Body) => Promise<unknown>,
): Handler =>
async (backend, { request, name }) => {
  if (backend.pipeline.readOnly) {
    throw new RequestError(403, "The dashboard was started to be read only");
  }
  return jsonAnswer(await work(backend, name, await readBody(request)));
};

/** How long a body may be, in bytes: an event is at most as long as a message. */
const MAX_BODY_BYTES = 2 ** 21;
/** How long it may take to come, in milliseconds. Deno has no limit of its own, neither for a request's head nor for its body. */
const BODY_MS = 5_000;

/** Reads a body of JSON. A form of another site can't send one: it would have to ask first. */
async function readBody({ headers, body }: Request): Promise<Body> {
  const type = headers.get("content-type") ?? "";
  if (!/^application\/json(;|$)/i.test(type)) {
    throw new RequestError(415, "A body has to be of type application/json");
  }
  const unfinished = () =>
    new RequestError(408, "The body did not come to its end");
  let length = 0;
  const limit = new TransformStream<Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) {
        throw new RequestError(413, "The body is too long");
      }
      controller.enqueue(chunk);
    },
  });
  const over = new AbortController();
  const limited = body?.pipeThrough(limit, { signal: over.signal }) ?? null;
  try {
    const reading: Promise<unknown> = new Response(limited).json();
    const value = await within(reading, {
      timeoutMs: BODY_MS,
      late: unfinished,
    });
    if (typeof value === "object" && value !== null) return value as Body;
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (!(error instanceof SyntaxError)) throw unfinished();
  } finally {
    over.abort();
  }
  throw new RequestError(400, "The body is not an object of JSON");
}

/** The latest time that a calendar has, in milliseconds since the epoch, a day less. */
const MAX_SINCE = 8_639_999_900_000_000;

/** The addresses. Each has one name at most. */
const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /": (_, { request }) => file("index.html", request),
  "GET /page/:name": (_, { request, name }) => file(name, request),
  "GET /api/status": json(({ live }) => live.status()),
  "GET /api/live": ({ live }, { parameters }) => {
    const since = numberOf(parameters, "since", { max: MAX_SINCE });
    if (since === undefined) {
      throw new UsageError("since is missing: when the viewer's day starts");
    }
    return live.open(since);
  },
  "GET /api/topics": json(({ pipeline }) => topicsAnswer(pipeline)),
  "GET /api/topics/:name": json(({ pipeline }, { name }) =>
    topicAnswer(pipeline, name)
  ),
  "GET /api/topics/:name/messages": json(({ pipeline }, { name, parameters }) =>
    messagesAnswer(pipeline, name, parameters)
  ),
  "GET /api/topics/:name/download": ({ pipeline }, { name, parameters }) =>
    downloadAnswer(pipeline, name, parameters),
  "GET /api/topics/:name/follow": ({ pipeline }, { name, parameters }) =>
    followAnswer(pipeline, name, parameters),
  "GET /api/groups": json(({ groups }) => groups.list()),
  "GET /api/groups/:name": json(({ groups }, { name }) => groups.show(name)),
  "POST /api/groups/:name/reset": act(({ pipeline }, name, body) =>
    resetAnswer(pipeline, name, body)
  ),
  "GET /api/schemas": json(({ pipeline }) => schemasAnswer(pipeline)),
  "GET /api/schemas/:name": json(({ pipeline }, { name }) =>
    schemaAnswer(pipeline, name)
  ),
  "GET /api/dead-letters": json(({ letters }) => letters.summaries()),
  "GET /api/dead-letters/:name": json(({ letters }, { name, parameters }) =>
    letters.list(name, parameters)
  ),
  "POST /api/dead-letters/:name/replay": act(({ letters }, name, body) =>
    letters.replay(name, body)
  ),
  "POST /api/dead-letters/:name/edit": act(({ letters }, name, body) =>
    letters.edit(name, body)
  ),
};

/** The routes, taken apart. */
const PARSED = Object.entries(ROUTES).map(([route, handler]) => {
  const [method = "", pathname = ""] = route.split(" ");
  return { method, pattern: new URLPattern({ pathname }), handler };
});

/**
 * Answers a request.
 *
 * @throws {RequestError} If there is no such address, or the method is not one of its.
 * @throws {PipelineError} If it can't be answered.
 */
export async function answer(
  backend: Backend,
  request: Request,
): Promise<Response> {
  const { url } = request;
  const { searchParams: parameters } = new URL(url);
  const found = PARSED.filter(({ pattern }) => pattern.test(url));
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = found.find((one) => one.method === method);
  if (!route) {
    if (found.length === 0) {
      throw new RequestError(404, "There is nothing at this address");
    }
    const allow = found.map(({ method }) => method).join(", ");
    throw new RequestError(405, `This address takes ${allow}`, { allow });
  }
  const name = decode(route.pattern.exec(url)?.pathname.groups["name"] ?? "");
  return await route.handler(backend, { request, parameters, name });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestError(400, "The address is not UTF-8");
  }
}

function file(name: string, request: Request): Response {
  const found = pageFiles.get(name);
  if (!found) throw new RequestError(404, "There is nothing at this address");
  const { type, text, etag } = found;
  const headers = { etag, "cache-control": "no-cache" };
  return request.headers.get("if-none-match") === etag
    ? new Response(null, { status: 304, headers })
    : new Response(text, { headers: { ...headers, "content-type": type } });
}
