/**
 * Streams of a topic's messages: those that come, and all of them as a file.
 *
 * @module
 */

import { PipelineError, UsageError } from "../base/errors.ts";
import { messageJson } from "../operate/message_json.ts";
import { readMessages } from "../operate/message_page.ts";
import type { PeekedMessage } from "../operate/peeked_message.ts";
import { csvWriter } from "./csv.ts";
import { eventBytes, eventStream, Outbox } from "./events.ts";
import { messageQuery, messageWriter } from "./messages.ts";
import { Newest } from "./newest.ts";
import { errorAnswer } from "./answers.ts";
import type { Pipeline } from "./pipeline.ts";

/** Of the messages that a page has not read yet, how many of the newest are kept. */
const MAX_HELD = 500;
/** How much of a file is put together before it is sent, in UTF-16 units. */
const CHUNK_LENGTH = 65_536;

/**
 * Sends a page the messages that come.
 *
 * @throws {PipelineError} If a parameter is wrong, or there are too many streams.
 */
export function followAnswer(
  pipeline: Pipeline,
  topic: string,
  parameters: URLSearchParams,
): Response {
  const { config, connection, decoder } = pipeline;
  const query = messageQuery(topic, parameters);
  const closed = pipeline.openStream();
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, pipeline.signal]);
  const outbox = new Outbox();
  const held = new Newest<PeekedMessage>(MAX_HELD);
  const read = async () => {
    try {
      const messages = readMessages(config, {
        ...connection,
        ...query,
        from: undefined,
        decoder,
        follow: true,
        signal,
      });
      for await (const message of messages) {
        held.add(message);
        outbox.put("messages", async () => {
          const taken = held.take();
          const write = await messageWriter(pipeline, taken);
          return eventBytes("messages", taken.map(write));
        });
      }
    } catch (error) {
      const failure = errorAnswer(error, pipeline.advise);
      outbox.put("failure", () => eventBytes("failure", failure));
      outbox.end();
    }
  };
  const reading = read().catch(pipeline.failed)
    .finally(() => pipeline.following.delete(reading));
  pipeline.following.add(reading);
  return eventStream(outbox, {
    signal: pipeline.signal,
    closed() {
      ended.abort();
      closed();
    },
  });
}

/**
 * Sends messages as a file, as fast as they are taken: all that match, from the start or from where the parameters say.
 *
 * @throws {PipelineError} If a parameter is wrong, there is no such topic, or Kafka can't be reached.
 */
export async function downloadAnswer(
  pipeline: Pipeline,
  topic: string,
  parameters: URLSearchParams,
): Promise<Response> {
  const format = parameters.get("format") || "ndjson";
  if (format !== "ndjson" && format !== "csv") {
    throw new UsageError(`format is ndjson or csv: "${format}"`);
  }
  const { matches, ...query } = messageQuery(topic, parameters);
  const closed = pipeline.openStream();
  const { config, connection, decoder, signal } = pipeline;
  // All of them, and those that match are chosen below: who waits for the first of these may go away before it is found.
  const messages = readMessages(config, {
    ...connection,
    ...query,
    decoder,
    follow: false,
  });
  const write = format === "csv"
    ? csvWriter()
    : (message: PeekedMessage) => `${messageJson(message)}\n`;
  let next: IteratorResult<PeekedMessage>;
  try {
    // What is wrong shows before the first message: then it is told in place of a file.
    next = await messages.next();
  } catch (error) {
    closed();
    throw error;
  }
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        let text = "";
        while (!next.done && text.length < CHUNK_LENGTH) {
          if (!matches || matches(next.value)) text += write(next.value);
          next = await messages.next();
        }
        if (text) controller.enqueue(encoder.encode(text));
        if (!next.done) return;
        closed();
        // A file that is not complete must not look so.
        if (signal.aborted) throw new PipelineError("The dashboard stops");
        controller.close();
      } catch (error) {
        closed();
        controller.error(error);
      }
    },
    async cancel() {
      closed();
      await messages.return(undefined);
    },
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: {
      "content-type": format === "csv"
        ? "text/csv; charset=utf-8"
        : "application/x-ndjson",
      // A topic's name needs no quoting.
      "content-disposition": `attachment; filename="${topic}.${format}"`,
      "cache-control": "no-store",
    },
  });
}
