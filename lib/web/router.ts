/**
 * What the server answers to which address.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { jsonAnswer, RequestError } from "./answers.ts";
import type { LiveFeed } from "./live.ts";
import { messagesAnswer } from "./messages.ts";
import { pageFiles } from "./page/files.ts";
import { numberOf } from "./parameters.ts";
import type { Pipeline } from "./pipeline.ts";
import { topicAnswer, topicsAnswer } from "./topics.ts";

/** What answers requests. */
export interface Backend {
  /** The pipeline. */
  readonly pipeline: Pipeline;
  /** What open pages are told. */
  readonly live: LiveFeed;
}

/** A request to one of the addresses. */
interface Call {
  readonly request: Request;
  readonly parameters: URLSearchParams;
  /** The parts of the address that are names. */
  readonly names: readonly string[];
}

type Handler = (backend: Backend, call: Call) => Response | Promise<Response>;

const json =
  (answer: (backend: Backend, call: Call) => unknown): Handler =>
  async (backend, call) => jsonAnswer(await answer(backend, call));

/** The latest time that a calendar has, in milliseconds since the epoch, a day less. */
const MAX_SINCE = 8_639_999_900_000_000;

/** The addresses; a star stands for a name. */
const ROUTES: Readonly<Record<string, Handler>> = {
  "GET /": (_, { request }) => file("index.html", request),
  "GET /page/*": (_, { request, names: [name = ""] }) => file(name, request),
  "GET /api/status": json(({ live }) => live.status()),
  "GET /api/live": ({ live }, { parameters }) => {
    const since = numberOf(parameters, "since", { max: MAX_SINCE });
    if (since === undefined) {
      throw new UsageError("since is missing: when the viewer's day starts");
    }
    return live.open(since);
  },
  "GET /api/topics": json(({ pipeline }) => topicsAnswer(pipeline)),
  "GET /api/topics/*": json(({ pipeline }, { names: [topic = ""] }) =>
    topicAnswer(pipeline, topic)
  ),
  "GET /api/topics/*/messages": json((
    { pipeline },
    { names: [topic = ""], parameters, request: { signal } },
  ) => messagesAnswer(pipeline, topic, { parameters, signal })),
};

/** The routes, taken apart. */
const PARSED = Object.entries(ROUTES).map(([route, handler]) => {
  const [method = "", path = ""] = route.split(" ");
  return { method, parts: path.split("/"), handler };
});

/**
 * Answers a request.
 *
 * @param backend What answers it.
 * @param request The request.
 * @throws {RequestError} If there is no such address, or the method is not one of its.
 * @throws {PipelineError} If it can't be answered.
 */
export async function answer(
  backend: Backend,
  request: Request,
): Promise<Response> {
  const { pathname, searchParams: parameters } = new URL(request.url);
  const parts = pathname.split("/");
  const found = PARSED.filter((route) =>
    route.parts.length === parts.length &&
    route.parts.every((part, at) => part === "*" || part === parts[at])
  );
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = found.find((one) => one.method === method);
  if (!route) {
    if (found.length === 0) {
      throw new RequestError(404, "There is nothing at this address");
    }
    const allow = found.map(({ method }) => method).join(", ");
    throw new RequestError(405, `This address takes ${allow}`, { allow });
  }
  const names = parts.filter((_, at) => route.parts[at] === "*").map(decode);
  return await route.handler(backend, { request, parameters, names });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestError(400, "The address is not UTF-8");
  }
}

const etags = new Map<string, string>();

async function file(name: string, request: Request): Promise<Response> {
  const found = pageFiles.get(name);
  if (!found) throw new RequestError(404, "There is nothing at this address");
  const { type, text } = found;
  let etag = etags.get(name);
  if (!etag) {
    const bytes = new TextEncoder().encode(text);
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    etag = `"${new Uint8Array(digest).toBase64().slice(0, 22)}"`;
    etags.set(name, etag);
  }
  const headers = { etag, "cache-control": "no-cache" };
  return request.headers.get("if-none-match") === etag
    ? new Response(null, { status: 304, headers })
    : new Response(text, { headers: { ...headers, "content-type": type } });
}
