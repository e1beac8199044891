/**
 * The page: its bar, and the place that the address names.
 *
 * @module
 */

import { useAddress } from "./address.js";
import { nowOf } from "./day.js";
import { clock } from "./format.js";
import { KAFKA_PLACES, KafkaPlace } from "./kafka.js";
import { useLive, useSecond } from "./live.js";
import { Notice } from "./parts.js";
import { html, render, useEffect, useRef } from "./preact.js";
import { Today } from "./today.js";

/** @import { Address } from "./address.js" */
/** @import { Live } from "./live.js" */

const NOWHERE = "There is no such place";

function Page() {
  const live = useLive();
  const address = useAddress();
  const [first = "today"] = address.path;
  const inKafka = KAFKA_PLACES.some(({ id }) => id === first);
  const place = address.path.join("/");
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const before = useRef(place);
  useEffect(() => {
    document.title = `${titleOf(address)} – Campus Cafe`;
    if (before.current === place) return;
    before.current = place;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);
  useEffect(() => {
    const onSlash = (/** @type {KeyboardEvent} */ event) => {
      const { tagName } = /** @type {HTMLElement} */ (event.target);
      const filter = document.querySelector("[data-filter]");
      if (
        event.key !== "/" || !(filter instanceof HTMLElement) ||
        /^(input|select|textarea)$/i.test(tagName)
      ) return;
      event.preventDefault();
      filter.focus();
    };
    addEventListener("keydown", onSlash);
    return () => removeEventListener("keydown", onSlash);
  }, []);
  return html`
    <a class="skip" href=${location.hash || "#/today"} onClick=${(
      /** @type {Event} */ event,
    ) => {
      event.preventDefault();
      main.current?.focus();
    }}>Skip to the content</a>
    <header>
      <a class="brand"
        href="#/today"><img src="/page/icon.svg" alt="" width="28" height="28" />Campus Cafe</a>
      <nav aria-label="Places">
        <a href="#/today" aria-current=${first === "today"
          ? "page"
          : null}>Today</a>
        <a href="#/topics" aria-current=${inKafka ? "page" : null}>Kafka</a>
      </nav>
      <${Connection} live=${live} />
    </header>
    <main ref=${main} tabindex="-1" class=${live.connection === "lost"
      ? "stale"
      : null}>
      ${live.connection === "lost" && html`
        <${Notice} trouble title=${`The connection to the pipeline was lost at ${
          clock(live.lostAt ?? Date.now())
        }. Trying again…`}
          text=${"If it does not come back: is `deno task dashboard` still running?"} />
      `}
      ${inKafka
        ? html`<${KafkaPlace} address=${address} status=${live.status} />`
        : first === "today"
        ? html`<${Today} live=${live} query=${address.query} />`
        : html`
          <h1>${NOWHERE}</h1>
          <p>Go to <a href="#/today">Today</a> or <a href="#/topics">Kafka</a>.</p>
        `}
    </main>
  `;
}

/** @param {Address} address */
function titleOf({ path: [first = "today", ...rest] }) {
  const name = first === "today"
    ? "Today"
    : KAFKA_PLACES.find(({ id }) => id === first)?.name ?? NOWHERE;
  return [...rest.toReversed(), name].join(" – ");
}

/** @param {{ live: Live }} props */
function Connection({ live: { connection, status, day } }) {
  useSecond();
  const down = status && (status.behind > 0 ||
    [status.kafka, status.registry, status.store].some(({ ok }) => !ok));
  const [kind, text] = connection === "lost"
    ? ["lost", "disconnected"]
    : connection === "connecting"
    ? ["waiting", "connecting"]
    : down
    ? ["lost", "live, with trouble"]
    : ["live", "live"];
  return html`
    <p class="connection ${kind}">
      <span role="status"><span class="dot" aria-hidden="true" />${text}</span>
      <span class="clock">${clock(nowOf(day))}</span>
    </p>
  `;
}

const page = document.getElementById("page");
if (page) {
  page.replaceChildren();
  render(html`<${Page} />`, page);
}
