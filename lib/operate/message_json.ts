/**
 * Messages as programs read them.
 *
 * @module
 */

import { escapeUnsafe } from "../base/terminal_text.ts";
import { keyText } from "../events/record.ts";
import { isoTime, jsonHeaders, toJsonLine } from "../events/record_json.ts";
import type { PeekedMessage } from "./peeked_message.ts";

/** Writes a message as `deno task consume --json` does; what isn't an event has its value in base64, and the problem. */
export function messageJson(message: PeekedMessage): string {
  const { topic, partition, offset, timestamp, value, headers, decoded } =
    message;
  const key = keyText(message.key);
  if ("event" in decoded) {
    return toJsonLine({ ...message, key, event: decoded.event });
  }
  return escapeUnsafe(JSON.stringify({
    topic,
    partition,
    offset,
    timestamp: isoTime(timestamp),
    key,
    ...(headers.length > 0 && { headers: jsonHeaders(headers) }),
    value: value && { base64: value.toBase64() },
    ...(decoded.problem !== undefined && { problem: decoded.problem }),
  }));
}
