/**
 * A topic's messages: the newest first, filtered, followed, and taken along as a file.
 *
 * @module
 */

import { addressOf, filtersOf, replaceAddress } from "./address.js";
import { ApiError, apiPath, ask } from "./api.js";
import { count, counted, exactTime } from "./format.js";
import { stream } from "./live.js";
import { MessageDetail, Preview } from "./message.js";
import {
  Choice,
  Failure,
  Filters,
  Loading,
  Notice,
  RETRY_MS,
  valued,
} from "./parts.js";
import { html, useEffect, useRef, useState } from "./preact.js";
import { Rows } from "./rows.js";

/** @import { MessageAnswer, MessagesAnswer } from "../api.ts" */

/** How many messages are kept while they are followed: the newest. */
const MAX_ROWS = 10_000;
const FIRST_LIMIT = 100;
const NEXT_LIMIT = 500;
/** How often what came is shown, in milliseconds. */
const SHOW_MS = 200;

/**
 * A row: a message, and when it came if it was followed.
 *
 * @typedef {MessageAnswer & { readonly freshAt?: number }} Row
 */

/** @param {MessageAnswer} message */
const keyOf = ({ partition, offset }) => `${partition}@${offset}`;

const COLUMNS = [
  {
    name: "Partition",
    class: "number short",
    view: (/** @type {Row} */ { partition }) => partition,
  },
  {
    name: "Offset",
    class: "number",
    view: (/** @type {Row} */ { offset }) => offset,
  },
  {
    name: "Time",
    class: "time",
    view: (/** @type {Row} */ { at }) => exactTime(at),
  },
  {
    name: "Key",
    class: "key",
    view: (/** @type {Row} */ { key }) =>
      key ?? html`<span class="quiet">none</span>`,
  },
  { name: "Value", class: "rest", view: Preview },
];

/**
 * What is shown: which messages, and how to go on.
 *
 * @typedef {object} Shown
 * @property {readonly Row[]} rows
 * @property {readonly Row[]} waiting What came while the reader was reading.
 * @property {string | null} next
 * @property {number} read
 */

/**
 * Loads messages and follows them.
 *
 * @param {string} topic The topic.
 * @param {{ filters: string, follow: boolean, reading: () => boolean }} options `filters`: as the API takes them; `reading`: whether
 * nothing may move.
 */
function useMessages(topic, { filters, follow, reading }) {
  const [shown, setShown] = useState(
    /** @type {Shown | undefined} */ (undefined),
  );
  const [error, setError] = useState(/** @type {unknown} */ (undefined));
  const [connected, setConnected] = useState(true);
  const loading = useRef(false);
  const turn = useRef(0);
  const timer = useRef(
    /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
  );

  /** @param {string} more */
  const load = (more) => /** @type {Promise<MessagesAnswer>} */ (
    ask(
      apiPath(
        ["topics", topic, "messages"],
        [filters, more].filter(Boolean).join("&"),
      ),
    )
  );
  /** Loads the first messages, and returns where those that come will be. */
  const loadFirst = async () => {
    const own = ++turn.current;
    loading.current = true;
    try {
      const { messages, next, read, ends } = await load(`limit=${FIRST_LIMIT}`);
      if (own === turn.current) {
        setError(undefined);
        setShown((before) => {
          const known = new Set(messages.map(keyOf));
          // After a connection was lost, what is being read stays, if nothing is missing before it.
          return follow && before?.rows.some((row) => known.has(keyOf(row)))
            ? withFresh(before, messages, reading())
            : { rows: messages, waiting: [], next, read };
        });
      }
      return ends;
    } catch (error) {
      if (own === turn.current) setError(error);
      throw error;
    } finally {
      if (own === turn.current) loading.current = false;
    }
  };
  /** Loads the first messages, and again after that failed in a way that may pass. */
  const reload = async () => {
    clearTimeout(timer.current);
    // A page that nobody sees asks for nothing, until it is seen.
    if (document.hidden) {
      timer.current = setTimeout(reload, RETRY_MS);
      return;
    }
    const own = turn.current + 1;
    try {
      await loadFirst();
    } catch (error) {
      if (own === turn.current && error instanceof ApiError && error.passes) {
        timer.current = setTimeout(reload, RETRY_MS);
      }
    }
  };
  const loadNext = async () => {
    const cursor = shown?.next;
    if (loading.current || !cursor) return;
    const own = turn.current;
    loading.current = true;
    try {
      const { messages, next, read } = await load(
        filtersOf({ cursor, limit: String(NEXT_LIMIT) }),
      );
      if (own !== turn.current) return;
      setError(undefined);
      setShown((before) =>
        before &&
        {
          ...before,
          rows: before.rows.concat(messages),
          next,
          read: before.read + read,
        }
      );
    } catch (error) {
      if (own === turn.current) setError(error);
    } finally {
      loading.current = false;
    }
  };

  useEffect(() => {
    setShown(undefined);
    setError(undefined);
    setConnected(true);
    if (!follow) {
      reload();
      return () => {
        turn.current++;
        clearTimeout(timer.current);
      };
    }
    /** @type {MessageAnswer[]} */
    let came = [];
    const { stop } = stream(
      async () => {
        const cursor = await loadFirst();
        return apiPath(
          ["topics", topic, "follow"],
          [filters, filtersOf({ cursor })].filter(Boolean).join("&"),
        );
      },
      {
        messages: (messages) => came.push(...messages),
        failure: ({ error, advice }) =>
          setError(new ApiError(error, { status: 0, advice })),
      },
      setConnected,
    );
    const showing = setInterval(() => {
      if (came.length === 0) return;
      const freshAt = Date.now();
      const fresh = came.map((message) => ({ ...message, freshAt })).reverse();
      came = [];
      setShown((before) => before && withFresh(before, fresh, reading()));
    }, SHOW_MS);
    return () => {
      turn.current++;
      clearInterval(showing);
      stop();
    };
  }, [topic, filters, follow]);
  return {
    shown,
    error,
    connected,
    reload,
    loadNext,
    showWaiting: () =>
      setShown((before) => before && withFresh(before, [], false)),
  };
}

/**
 * Adds what came, the newest first.
 *
 * @param {Shown} shown
 * @param {readonly Row[]} fresh
 * @param {boolean} reading
 * @returns {Shown}
 */
function withFresh(shown, fresh, reading) {
  const known = new Set(
    [...shown.waiting, ...shown.rows.slice(0, MAX_ROWS)].map(keyOf),
  );
  const waiting = [
    ...fresh.filter((row) => !known.has(keyOf(row))),
    ...shown.waiting,
  ].slice(0, MAX_ROWS);
  if (reading) return { ...shown, waiting };
  const rows = [...waiting, ...shown.rows];
  if (rows.length <= MAX_ROWS) return { ...shown, waiting: [], rows };
  // Older ones are left out, and could be asked for only from the beginning.
  return { ...shown, waiting: [], rows: rows.slice(0, MAX_ROWS), next: null };
}

/**
 * Shows a topic's messages.
 *
 * @param {{ topic: string, home: string | undefined, query: Readonly<Record<string, string>>, partitions: number }} props
 * `home`: the topic of the cafe.
 */
export function Messages({ topic, home, query, partitions }) {
  const { partition, key, from, where, follow, open } = query;
  const following = follow === "1" && (from ?? "newest") === "newest";
  const filters = filtersOf({ partition, key, from, where });
  const scrolled = useRef(false);
  const openRow = useRef(open);
  openRow.current = open;
  const { shown, error, connected, reload, loadNext, showWaiting } =
    useMessages(topic, {
      filters,
      follow: following,
      reading: () => scrolled.current || openRow.current !== undefined,
    });
  const path = ["topics", topic, "messages"];
  /** @param {Record<string, string | undefined>} change */
  const go = (change) =>
    replaceAddress(addressOf(path, { ...query, ...change }));
  const onScrolled = (/** @type {boolean} */ now) => {
    scrolled.current = now;
    if (!now && !openRow.current) showWaiting();
  };
  const toTop = () => {
    go({ open: undefined });
    document.querySelector(".rows")?.scrollTo({ top: 0 });
    showWaiting();
  };
  const rows = shown?.rows ?? [];
  return html`
    <section class="panel fill">
      <${MessageFilters} query=${query} partitions=${partitions} go=${go} />
      <div class="tools">
        <label class="switch">
          <input type="checkbox" checked=${following} onChange=${(
            /** @type {{ currentTarget: HTMLInputElement }} */ {
              currentTarget,
            },
          ) =>
            go(
              currentTarget.checked
                ? { follow: "1", from: undefined, open: undefined }
                : { follow: undefined },
            )} />
          Follow
        </label>
        ${following && !connected &&
          html`<span class="trouble" role="status">Disconnected. Trying again…</span>`}
        <span class="quiet" role="status">${shown &&
          saying(shown, filters)}</span>
        <span class="downloads">
          Download
          ${["ndjson", "csv"].map((format) =>
            html`
              <a key=${format} download href=${apiPath(
                ["topics", topic, "download"],
                [filters, `format=${format}`].filter(Boolean).join("&"),
              )}>${format.toUpperCase()}</a>
            `
          )}
        </span>
        ${!following &&
          html`<button type="button" class="plain" onClick=${reload}>Reload</button>`}
      </div>
      ${error && html`<${Failure} error=${error} />`}
      ${shown && shown.waiting.length > 0 && html`
        <button type="button" class="newer" onClick=${toTop}>${count(
          shown.waiting.length,
        )} new</button>
      `}
      ${!shown ? !error && html`<${Loading} />` : rows.length === 0
        ? html`
          <${Empty} topic=${topic} home=${home} filtered=${filters !==
            ""}
            more=${shown.next !== null}
            onMore=${loadNext} />
        `
        : html`
          <${Rows} label=${`Messages of ${topic}`} columns=${COLUMNS} rows=${rows}
            keyOf=${keyOf}
            freshAt=${(/** @type {Row} */ row) => row.freshAt}
            open=${open} onOpen=${(/** @type {string | undefined} */ key) =>
              go({ open: key })}
            detail=${(/** @type {Row} */ row) =>
              html`<${MessageDetail} topic=${topic} message=${row} />`}
            onEnd=${loadNext} onScrolled=${onScrolled} />
        `}
    </section>
  `;
}

/** @param {Shown} shown @param {string} filters */
function saying({ rows, next, read }, filters) {
  const more = next === null ? "" : ", more below";
  const found = `${counted(rows.length, "message")}${more}`;
  return filters && read > rows.length
    ? `${found}; ${count(read)} read`
    : found;
}

/** @param {{ topic: string, home: string | undefined, filtered: boolean, more: boolean, onMore: () => void }} props */
function Empty({ topic, home, filtered, more, onMore }) {
  if (!filtered) {
    return html`<${Notice} title=${`No messages in ${topic} yet.`} text=${
      topic === home
        ? "`deno task produce` sends five."
        : "They show up here once something sends them."
    } />`;
  }
  return html`
    <${Notice} title="No message matches." text=${more
      ? "Not all messages have been looked at."
      : "Change the filters above, or clear them."}>
      ${more &&
        html`<button type="button" onClick=${onMore}>Look further back</button>`}
    <//>
  `;
}

/** Where the messages may begin. */
const STARTS = [
  { id: "newest", name: "newest" },
  { id: "earliest", name: "oldest" },
  { id: "offset", name: "offset…" },
  { id: "time", name: "time…" },
];

/** @param {string} from */
function kindOf(from) {
  if (from === "newest" || from === "earliest") return from;
  return /^\d+$/.test(from) ? "offset" : "time";
}

/**
 * Chooses messages: what is set is part of the address.
 *
 * @param {{ query: Readonly<Record<string, string>>, partitions: number, go: (change: Record<string, string | undefined>) => void }} props
 */
function MessageFilters({ query, partitions, go }) {
  const { partition = "", key = "", from = "newest", where = "" } = query;
  const [kind, setKind] = useState(kindOf(from));
  useEffect(() => setKind(kindOf(from)), [from]);
  /** @param {string} name */
  const changes = (name) => (/** @type {string} */ value) =>
    go({ [name]: value.trim() || undefined, open: undefined });
  const onKind = (/** @type {string} */ value) => {
    setKind(value);
    if (value === "newest") go({ from: undefined, open: undefined });
    if (value === "earliest") {
      go({ from: value, follow: undefined, open: undefined });
    }
  };
  const onPoint = valued((value) => {
    if (!value) return;
    go({
      from: kind === "time" ? new Date(value).toISOString() : value,
      follow: undefined,
      open: undefined,
    });
  });
  const filtered = [partition, key, where].some(Boolean) || from !== "newest";
  return html`
    <${Filters} label="Filters">
      <${Choice} label="Partition" value=${partition} onChange=${changes(
        "partition",
      )} options=${[
        { id: "", name: "all" },
        ...Array.from(
          { length: Math.max(partitions, Number(partition) + 1) },
          (_, n) => ({ id: String(n), name: String(n) }),
        ),
      ]} />
      <label>
        Key
        <input value=${key} onChange=${valued(
          changes("key"),
        )} placeholder="any" autocomplete="off" spellcheck=${false} />
      </label>
      <${Choice} label="From" value=${kind} options=${STARTS} onChange=${onKind} />
      ${kind === "offset" && html`
        <label>Offset <input type="number" min="0" value=${kindOf(from) ===
            "offset"
          ? from
          : ""} onChange=${onPoint} /></label>
      `}
      ${kind === "time" && html`
        <label>Time <input type="datetime-local" step="1" value=${kindOf(
            from,
          ) === "time"
          ? localTime(from)
          : ""} onChange=${onPoint} /></label>
      `}
      <label class="grow">
        Field = value
        <input data-filter value=${where} onChange=${valued(
          changes("where"),
        )} placeholder="such as drink_name=Latte" autocomplete="off" spellcheck=${false} />
      </label>
      ${filtered && html`
        <button type="button" class="plain" onClick=${() =>
          go({
            partition: undefined,
            key: undefined,
            from: undefined,
            where: undefined,
            open: undefined,
          })}>Clear</button>
      `}
    <//>
  `;
}

/** @param {string} iso */
function localTime(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString()
    .slice(0, 19);
}
