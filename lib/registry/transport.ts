/**
 * How requests reach the Schema Registry: with a deadline, and with errors that tell an outage from a refusal.
 *
 * The registry client's own transport reports a refused connection as HTTP status 400 and waits without end for a
 * registry that never answers.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { SchemaRegistry } from "npm:@kafkajs/confluent-schema-registry@4.1.0";
import { OutageError, PipelineError } from "../base/errors.ts";
import { codeOf, explainCertificate } from "../base/certificate_errors.ts";
import { RegistryAccess, RegistryConnectionError } from "./access.ts";
import { printable, shorten } from "../base/terminal_text.ts";

const REQUEST_TIMEOUT_MS = 5_000;

const REFUSAL_HINTS: Readonly<Record<number, string>> = {
  401:
    "Check the credentials: SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_TOKEN.",
  403:
    "It asks for more rights than these credentials have: its administrator gives them.",
};

/** The hint for a page in place of the registry's JSON, unless it asks for a login. */
const FOREIGN_HINT =
  "That is not how a Schema Registry answers: a proxy, or another server, may have done it.";

/** The registry answered, and the answer is no. */
export class RegistryResponseError extends PipelineError {
  readonly status: number;
  readonly reason: string;
  /** The registry's own code, such as 40403 for a schema that it doesn't have; none where something else answered. */
  readonly errorCode: number | undefined;
  /** All that it answered, without secrets. */
  readonly answer: string;

  constructor(
    request: string,
    refusal: Pick<
      RegistryResponseError,
      "status" | "reason" | "errorCode" | "answer"
    >,
  ) {
    const { status, reason, errorCode, answer } = refusal;
    const foreign = status !== 401 && /^\s*[^\s{]/.test(answer);
    super(
      `The Schema Registry answers HTTP ${status} to ${request}: ${reason}`,
      { hint: foreign ? FOREIGN_HINT : REFUSAL_HINTS[status] },
    );
    this.status = status;
    this.reason = reason;
    this.errorCode = errorCode;
    this.answer = answer;
  }
}

/** The registry answers with more than {@linkcode MAX_ANSWER_BYTES}. */
export class OversizedAnswerError extends PipelineError {}

/** How much of an answer is read, in bytes, after decompression. Registries take schemas of up to 1 MB by default. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

/** How much of a refusal's text is kept, in UTF-16 units. */
const MAX_REASON = 400;

/** Reads a body up to the limit. Leaving the loop cancels the rest. */
async function readBody(
  body: IncomingMessage,
): Promise<{ readonly text: string; readonly complete: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  let readBytes = 0;
  for await (const chunk of body) {
    readBytes += chunk.length;
    if (readBytes > MAX_ANSWER_BYTES) return { text, complete: false };
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode(), complete: true };
}

/** Tells whether a status means "not now": too slow, too busy, or the registry's storage is down. */
function isOutage(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** What the body of a refusal says: the registry's own words, and its own code. */
function readRefusal(text: string) {
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = Object(JSON.parse(text));
  } catch {
    // Not JSON: a proxy's page, as a rule, whose first words have to do.
  }
  const { error_code, message, detail } = body;
  const words = [message, detail].find((one) => typeof one === "string") ??
    text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
  return {
    words: shorten(words, MAX_REASON),
    errorCode: typeof error_code === "number" ? error_code : undefined,
  };
}

/** What a request to the registry has besides its method and URL. */
export interface RegistryRequest {
  /** JSON. */
  readonly body?: string | undefined;
  /** How the connection is secured; without a login by default. */
  readonly access?: RegistryAccess;
}

/** The class of an exception, which Apicurio puts before its words. */
const JAVA_CLASS = /^(?:[a-z]\w*\.)+[A-Z]\w*: /;

/**
 * Sends one request to the registry.
 *
 * @throws {OutageError} If the registry can't be reached, doesn't answer in time, or answers 408, 429 or 5xx.
 * @throws {RegistryResponseError} If it refuses.
 * @throws {OversizedAnswerError} If it answers with too much.
 */
export async function requestRegistry(
  method: string,
  url: string,
  { body, access = new RegistryAccess() }: RegistryRequest = {},
): Promise<unknown> {
  const request = `${method.toUpperCase()} ${url}`;
  let response: IncomingMessage;
  let text: string;
  let complete: boolean;
  try {
    response = await access.fetch(url, {
      method: method.toUpperCase(),
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    ({ text, complete } = await readBody(response));
  } catch (error) {
    throw explainFailure(url, error);
  }
  const { statusCode: status = 0, statusMessage = "" } = response;
  if (status < 200 || status > 299) {
    // Hidden before as well: what is taken out of the text may be cut short.
    const answer = access.hide(text);
    const { words, errorCode } = readRefusal(answer);
    const reason = access.hide(words || statusMessage)
      .replace(/\s+/g, " ").trim().replace(JAVA_CLASS, "");
    const error = new RegistryResponseError(request, {
      status,
      reason: printable(reason),
      errorCode,
      answer,
    });
    if (!isOutage(status)) throw error;
    throw new OutageError(error.message, { cause: error });
  }
  if (!complete) {
    throw new OversizedAnswerError(
      `The answer to ${request} is larger than ${MAX_ANSWER_BYTES} bytes`,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    // Neither the parser's words nor the error as the cause: they repeat a piece of the text.
    const start = printable(access.hide(text).slice(0, 40));
    throw new PipelineError(
      `What answers to ${request} is not JSON: it begins with "${start}"`,
    );
  }
}

/** Says in plain words why a request got no response. */
function explainFailure(requested: string, error: unknown): PipelineError {
  const failed = error instanceof RegistryConnectionError;
  const cause = failed ? error.cause : error;
  const url = failed ? error.url : new URL(requested);
  const via = url.origin === new URL(requested).origin
    ? ""
    : `, to which ${requested} redirects`;
  // Node's names for what Deno's permissions refuse.
  if (["EPERM", "EACCES"].includes(codeOf(cause))) {
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const address = `${url.hostname}:${port}`;
    return new PipelineError(`No permission to reach ${address}${via}`, {
      cause,
      code: "net-permission",
      details: { address },
    });
  }
  return explainRegistryCertificate(url.host, cause) ??
    new OutageError(
      `The Schema Registry can't be reached at ${url.origin}${via}`,
      { cause, code: "registry-unreachable" },
    );
}

/** Says which side refused which certificate; undefined if none was refused. */
export function explainRegistryCertificate(
  host: string,
  cause: unknown,
): PipelineError | undefined {
  return explainCertificate(cause, {
    holder: `the Schema Registry at ${host}`,
    peer: `The Schema Registry at ${host}`,
    prefix: "SCHEMA_REGISTRY",
  });
}

type Middleware = NonNullable<
  ConstructorParameters<typeof SchemaRegistry>[0]["middlewares"]
>[number];

/** What the client has made of a request when it is about to be sent. */
interface PreparedRequest {
  method(): string;
  url(): string;
  body(): string | undefined;
}

/** Has the registry client send its requests by {@linkcode requestRegistry}. */
export const fetchMiddleware = (access: RegistryAccess): Middleware => () => {
  let prepared: PreparedRequest;
  return {
    request(request) {
      prepared = request as unknown as PreparedRequest;
      return request;
    },
    async response() {
      const data = await requestRegistry(prepared.method(), prepared.url(), {
        access,
        body: prepared.body(),
      });
      // The client reads nothing of a response but its data.
      return { data: () => data } as never;
    },
  };
};
