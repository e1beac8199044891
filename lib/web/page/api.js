/**
 * Asks the server, and says what failed in the server's own words.
 *
 * @module
 */

/** What the server refused or could not do. */
export class ApiError extends Error {
  /**
   * @param {string} message What went wrong.
   * @param {{ status: number, advice?: string | undefined }} details The status of the answer, 0 if there was none; and what to do about it.
   */
  constructor(message, { status, advice }) {
    super(message);
    /** The status of the answer; 0 if there was none. */
    this.status = status;
    /** What to do about it. */
    this.advice = advice;
  }

  /** Whether it may pass by itself: what the server needs can't be reached, or the server itself. */
  get passes() {
    return this.status === 0 || this.status >= 500;
  }
}

/**
 * Writes the path of an API.
 *
 * @param {readonly string[]} path The parts after `/api/`.
 * @param {string} [filters] The filters, without `?`.
 * @returns {string} The path.
 */
export function apiPath(path, filters = "") {
  return `/api/${path.map(encodeURIComponent).join("/")}${
    filters && `?${filters}`
  }`;
}

/**
 * Asks for something.
 *
 * @param {string} path The path, from `/api/` on.
 * @param {RequestInit} [init] How to ask.
 * @returns {Promise<any>} The answer.
 * @throws {ApiError} If there is none, or it is a refusal.
 */
export async function ask(path, init = {}) {
  const response = await fetch(path, init).catch((error) => {
    if (init.signal?.aborted) throw error;
    throw new ApiError("The dashboard can't be reached", {
      status: 0,
      advice: "Is `deno task dashboard` still running?",
    });
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new ApiError(
      answer.error ?? `The dashboard answered ${response.status}`,
      {
        status: response.status,
        advice: answer.advice,
      },
    );
  }
  return answer;
}

/**
 * Asks the server to do something, or what it would do.
 *
 * @param {string} path The path, from `/api/` on.
 * @param {object} body What to do.
 * @returns {Promise<any>} The answer.
 * @throws {ApiError} If there is none, or it is a refusal.
 */
export function act(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
