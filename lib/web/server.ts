/**
 * The dashboard's server: a page, and what it shows of Kafka, the registry and the store.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { pause } from "../base/pause.ts";
import { errorAnswer, jsonAnswer, RequestError, statusOf } from "./answers.ts";
import { ANY_ADDRESS, bracketed, checkOrigin, secured } from "./guard.ts";
import type { Secret } from "../base/secret.ts";
import { groupWatch } from "./groups.ts";
import { healthWatch } from "./health.ts";
import { LetterBox } from "./letters.ts";
import { liveFeed } from "./live.ts";
import { passwordCheck } from "./password.ts";
import { createPipeline, type PipelineOptions } from "./pipeline.ts";
import { answer, type Backend } from "./router.ts";
import { StoreReader } from "./store_reader.ts";

/** What the server shows, and where. */
export interface DashboardOptions extends PipelineOptions {
  /** The address that it listens on. By default: `127.0.0.1`. */
  readonly hostname?: string;
  /** The port; 0 for any that is free. */
  readonly port: number;
  /** The password that it asks for; none by default. */
  readonly password?: Secret;
}

/** A server that runs. */
export interface Dashboard extends AsyncDisposable {
  /** Its address, for a browser on this machine. */
  readonly url: string;
}

/** How long requests may take to end after a stop, in milliseconds. */
const CLOSE_MS = 1_000;
/** The address that only this machine reaches. */
const LOOPBACK = "127.0.0.1";

/**
 * Starts the server.
 *
 * @returns The server. Disposing of it ends all streams and closes it.
 * @throws {PipelineError} If the port is in use or may not be used.
 */
export function serveDashboard(options: DashboardOptions): Dashboard {
  const { hostname = LOOPBACK, database } = options;
  const pipeline = createPipeline(options);
  const store = new StoreReader(database);
  const live = liveFeed(pipeline, {
    store,
    health: healthWatch(pipeline, store),
  });
  const groups = groupWatch(pipeline);
  const letters = new LetterBox(pipeline);
  const backend: Backend = { pipeline, live, groups, letters };
  const ended = new AbortController();
  const unanswered = new Set<Promise<void>>();
  const checkPassword = options.password && passwordCheck(options.password);
  const respond = async (
    request: Request,
    { remoteAddr, completed }: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> => {
    const answered = completed.catch(() => {})
      .finally(() => unanswered.delete(answered));
    unanswered.add(answered);
    try {
      checkOrigin(request, { hostname, port });
      checkPassword?.(request, remoteAddr.hostname);
      return secured(await answer(backend, request));
    } catch (error) {
      if (!(error instanceof PipelineError)) pipeline.failed(error);
      return secured(jsonAnswer(errorAnswer(error, pipeline.advise), {
        status: statusOf(error),
        ...(error instanceof RequestError && { headers: error.headers }),
      }));
    }
  };
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname,
      port: options.port,
      signal: ended.signal,
      onListen: () => {},
      // A file that breaks off: whoever loads it sees that.
      onError(error) {
        if (!(error instanceof PipelineError)) pipeline.failed(error);
        return new Response(null, { status: 500 });
      },
    }, respond);
  } catch (error) {
    throw explainListen(error, { hostname, port: options.port });
  }
  const { port } = server.addr;
  const isAny = ANY_ADDRESS.includes(hostname);
  return {
    url: `http://${
      isAny || hostname === LOOPBACK ? "localhost" : bracketed(hostname)
    }:${port}`,
    async [Symbol.asyncDispose]() {
      await pipeline.close();
      const done = new AbortController();
      await Promise.race([
        Promise.all([...unanswered, ...pipeline.following]),
        pause(CLOSE_MS, done.signal),
      ]);
      done.abort();
      // The server's shutdown() waits for who doesn't read, and an abort after it is an uncaught error.
      ended.abort();
      await server.finished;
      await store[Symbol.asyncDispose]();
    },
  };
}

function explainListen(
  error: unknown,
  { hostname, port }: { readonly hostname: string; readonly port: number },
): unknown {
  const address = `${bracketed(hostname)}:${port}`;
  if (error instanceof Deno.errors.AddrInUse) {
    return new PipelineError(
      `Another program listens on ${address} already`,
      { cause: error, code: "port-in-use", details: { address } },
    );
  }
  if (
    error instanceof Deno.errors.NotCapable ||
    error instanceof Deno.errors.PermissionDenied
  ) {
    return new PipelineError(`No permission to listen on ${address}`, {
      cause: error,
      code: "listen-permission",
      details: { address },
    });
  }
  return error;
}
