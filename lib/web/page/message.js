/**
 * One message, opened: where it is, its headers, its value with its schema, its bytes.
 *
 * @module
 */

import { addressOf } from "./address.js";
import { exactTime, size } from "./format.js";
import { html, useMemo, useState } from "./preact.js";

/** @import { MessageAnswer } from "../api.ts" */

const HEX_STEP = 16;
/** How many bytes are shown until all are asked for. */
const FIRST_BYTES = 1_024;
/** The zero byte and the schema's id before a value's JSON. */
const FRAME_BYTES = 5;
const MAX_PREVIEW = 400;
/** What bytes that are no text are decoded to. */
// deno-lint-ignore no-control-regex
const NO_TEXT = /[\ufffd\0-\x08]/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Writes the value in one line.
 *
 * @param {MessageAnswer} message The message.
 */
export function Preview({ value }) {
  if (value === null) {
    return html`<span class="quiet">no value (a tombstone)</span>`;
  }
  if ("problem" in value) {
    return html`<span class="trouble"><span aria-hidden="true">⚠ </span>${value.problem}</span>`;
  }
  return html`<span class="code">${preview(value.event)}</span>`;
}

/** @param {unknown} event */
function preview(event) {
  if (event === null || typeof event !== "object" || Array.isArray(event)) {
    return JSON.stringify(event).slice(0, MAX_PREVIEW);
  }
  // A UUID is as long as all the rest, and tells the eye least.
  const fields = Object.entries(event).toSorted(([, a], [, b]) =>
    Number(UUID.test(String(a))) - Number(UUID.test(String(b)))
  );
  const written = fields.map(([name, value]) =>
    `${name}: ${JSON.stringify(value)}`
  );
  return `{ ${written.join(", ")} }`.slice(0, MAX_PREVIEW);
}

/**
 * Decodes base 64.
 *
 * @param {string} text The text.
 * @returns {Uint8Array} The bytes.
 */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Finds the text of a value: without the schema's id, in the digits and with the spaces that its writer wrote.
 *
 * @param {MessageAnswer} message The message.
 * @returns {string} The text; empty if there is none.
 */
export function valueText({ bytes, value, size }) {
  if (bytes === null) return "";
  const all = bytesOf(bytes);
  // Of a large value the server sends the beginning only.
  if (all.length < size && value && "event" in value) {
    return JSON.stringify(value.event);
  }
  const framed = all[0] === 0 && all.length > FRAME_BYTES;
  return new TextDecoder().decode(framed ? all.subarray(FRAME_BYTES) : all);
}

/**
 * Lays out JSON in lines, without reading its numbers: JavaScript would round large ones.
 *
 * @param {string} text The JSON; any other text is left as it is.
 * @returns {string} The same JSON in lines.
 */
export function layOut(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let laid = "";
  const line = () => `\n${"  ".repeat(Math.max(0, depth))}`;
  for (
    const [token] of text.matchAll(
      /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs,
    )
  ) {
    if (token === "{" || token === "[") {
      depth++;
      laid += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      laid = /[{[]\s*$/.test(laid)
        ? laid.trimEnd() + token
        : laid + line() + token;
    } else if (token === ",") laid += token + line();
    else if (token === ":") laid += ": ";
    else laid += token;
  }
  return laid;
}

/**
 * Shows a message.
 *
 * @param {{ topic: string, message: MessageAnswer }} props
 */
export function MessageDetail({ topic, message }) {
  const { partition, offset, at, key, headers, letter } = message;
  const place = `${partition}@${offset}`;
  const link = addressOf(["topics", topic, "messages"], {
    partition: String(partition),
    from: offset,
    open: place,
  });
  return html`
    <div class="message">
      <dl>
        <dt>Place</dt>
        <dd>${topic}, partition ${partition}, offset ${offset} · <a href=${link}>link to this message</a></dd>
        <dt>Time</dt>
        <dd>${exactTime(at)} ${at !== null && html`
          <span class="quiet">${new Date(at).toISOString()}</span>
        `}</dd>
        <dt>Key</dt>
        <dd class="wrap">${key ?? html`<span class="quiet">none</span>`}</dd>
        ${letter && html`
          <dt>Set aside</dt>
          <dd class="wrap">
            ${letter.reason ?? "The letter does not say why"} (${letter
              .place}${letter.at !== null &&
              `, ${exactTime(letter.at)}`}${letter.group !== null &&
              `, by ${letter.group}`})
          </dd>
        `}
        <dt>Headers</dt>
        <dd>
          ${headers.length === 0 ? html`<span class="quiet">none</span>` : html`
            <ul class="plain-list">
              ${headers.map(([name, text]) =>
                html`<li class="wrap"><code>${name}</code> ${
                  text ?? html`<span class="quiet">no value</span>`
                }</li>`
              )}
            </ul>
          `}
        </dd>
        <dt>Value</dt>
        <dd><${Value} message=${message} /></dd>
      </dl>
    </div>
  `;
}

/** @param {{ message: MessageAnswer }} props */
function Value({ message }) {
  const { value, size: length } = message;
  const text = useMemo(() => layOut(valueText(message)), [message]);
  const [asked, setAsked] = useState(false);
  if (value === null) {
    return html`
      <span
        class="quiet">none: a tombstone, which removes its key from a compacted topic</span>
    `;
  }
  const schema = "schema" in value ? value.schema : undefined;
  return html`
    <p class="value-head">
      ${"problem" in value
        ? html`<span class="trouble wrap"><span aria-hidden="true">⚠ </span>${value.problem}</span>`
        : schema?.subject !== undefined
        ? html`
          <a href=${addressOf(["schemas", schema.subject], {
            version: String(schema.version ?? ""),
          })}>${schema.subject} v${schema.version}</a>
          <span class="quiet">schema ${schema.id}</span>
        `
        : html`<span class="quiet">schema ${schema?.id}</span>`}
      <span class="quiet">${size(length)}</span>
      ${schema && html`
        <button type="button" class="plain" aria-pressed=${String(asked)}
          onClick=${() => setAsked(!asked)}>
          ${asked ? "As JSON" : "As bytes"}
        </button>
      `}
    </p>
    ${!asked && !NO_TEXT.test(text) &&
      html`<pre tabindex="0" aria-label="Value">${text}</pre>`}
    ${(asked || !schema) && html`<${Bytes} message=${message} />`}
  `;
}

/** @param {{ message: MessageAnswer }} props */
function Bytes({ message }) {
  const all = useMemo(() => bytesOf(message.bytes ?? ""), [message]);
  const [more, setMore] = useState(false);
  const shown = more ? all : all.subarray(0, FIRST_BYTES);
  return html`
    <pre class="hex" tabindex="0" aria-label="Bytes">${hexOf(shown)}</pre>
    ${shown.length < all.length && html`
      <button type="button" class="plain"
        onClick=${() => setMore(true)}>Show ${size(all.length)}</button>
    `}
    ${shown.length === all.length && all.length < message.size &&
      html`<p class="quiet">The first ${size(all.length)} of ${
        size(message.size)
      }.</p>`}
  `;
}

/** @param {Uint8Array} bytes */
function hexOf(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += HEX_STEP) {
    const part = [...bytes.subarray(at, at + HEX_STEP)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(
      " ",
    );
    const text = part.map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."
    ).join("");
    lines.push(
      `${at.toString(16).padStart(4, "0")}  ${
        hex.padEnd(HEX_STEP * 3 - 1)
      }  ${text}`,
    );
  }
  return lines.join("\n");
}
