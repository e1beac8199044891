/**
 * Answers over HTTP: JSON, and errors in words.
 *
 * @module
 */

import {
  type ErrorCode,
  OutageError,
  PipelineError,
  UsageError,
} from "../base/errors.ts";
import type { ErrorAnswer } from "./api.ts";

/** A request that can't be answered, with the status that says so. */
export class RequestError extends PipelineError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** What to do about an error, in the words of the interface that started the server. */
export type Advise = (error: PipelineError) => string | undefined;

/** The statuses of errors; any other that a person can act on is 409: the request is right, and the cluster's state is not. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  "answer-not-registry": 502,
  "database-permission": 503,
  "group-missing": 404,
  "kafka-unreachable": 503,
  "net-permission": 503,
  "registry-scheme": 502,
  "registry-unreachable": 502,
  "right-missing": 403,
  "store-missing": 503,
  "topic-missing": 404,
};

/** Finds the status of an error. */
export function statusOf(error: unknown): number {
  if (!(error instanceof PipelineError)) return 500;
  if (error instanceof RequestError) return error.status;
  if (error instanceof UsageError) return 400;
  const status = error.code && STATUS[error.code];
  return status ?? (error instanceof OutageError ? 503 : 409);
}

/** Says an error in words. One that is a defect of this program says nothing of itself: it may carry anything. */
export function errorAnswer(error: unknown, advise: Advise): ErrorAnswer {
  if (!(error instanceof PipelineError)) {
    return { error: "The dashboard failed: its own output says why" };
  }
  const advice = [error.hint, advise(error)].filter(Boolean).join(" ");
  return { error: error.message, ...(advice && { advice }) };
}

/** Makes an answer of JSON. */
export function jsonAnswer(value: unknown, init: ResponseInit = {}): Response {
  const response = Response.json(value, init);
  response.headers.set("cache-control", "no-store");
  return response;
}
