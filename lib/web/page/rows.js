/**
 * A long table of which only the rows in sight are in the document, so that many thousands scroll smoothly. Keys: up and down,
 * Page Up and Page Down, Home and End, Enter opens a row.
 *
 * @module
 */

import {
  html,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "./preact.js";

/** @import { View } from "./preact.d.ts" */

/** How many rows beyond those in sight are in the document. */
const MARGIN = 8;
/** How long a row counts as new, in milliseconds. */
const FRESH_MS = 600;

/**
 * A long table.
 *
 * @template T
 * @param {{
 *   label: string,
 *   columns: { name: string, class?: string, view: (row: T) => View }[],
 *   rows: readonly T[],
 *   keyOf: (row: T) => string,
 *   freshAt?: (row: T) => number | undefined,
 *   open: string | undefined,
 *   onOpen: (key: string | undefined) => void,
 *   detail: (row: T) => View,
 *   onEnd?: () => void,
 *   onScrolled?: (scrolled: boolean) => void,
 *   foot?: View,
 * }} props `freshAt`: when a row came, if it came by itself; `open`: the key of the row that is open; `onEnd`: called as the last
 * rows come into sight; `onScrolled`: called once the first row is no longer in sight, and once it is again.
 */
export function Rows(props) {
  const { label, columns, rows, keyOf, open, onOpen, detail, foot } = props;
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const table = useRef(/** @type {HTMLTableElement | null} */ (null));
  const [sight, setSight] = useState({ top: 0, height: 600, row: 40 });
  const [detailHeight, setDetailHeight] = useState(0);
  const [active, setActive] = useState(
    /** @type {string | undefined} */ (undefined),
  );
  const index = useMemo(
    () => new Map(rows.map((row, at) => [keyOf(row), at])),
    [rows],
  );
  const openAt = open === undefined ? -1 : index.get(open) ?? -1;
  const activeAt = active === undefined ? -1 : index.get(active) ?? -1;

  const look = () => {
    const element = box.current;
    if (!element) return;
    const row = parseFloat(getComputedStyle(element).getPropertyValue("--row"));
    const next = { top: element.scrollTop, height: element.clientHeight, row };
    setSight((before) =>
      before.top === next.top && before.height === next.height &&
        before.row === next.row
        ? before
        : next
    );
    props.onScrolled?.(element.scrollTop > 0);
  };
  useLayoutEffect(() => {
    look();
    const observer = new ResizeObserver(look);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  const first = firstInSight(sight, openAt, detailHeight);
  const from = Math.max(0, first - MARGIN);
  const to = Math.min(
    rows.length,
    first + Math.ceil(sight.height / sight.row) + MARGIN,
  );
  useEffect(() => {
    if (to >= rows.length) props.onEnd?.();
  }, [to, rows.length]);

  const above = from * sight.row +
    (openAt >= 0 && openAt < from ? detailHeight : 0);
  const below = (rows.length - to) * sight.row +
    (openAt >= to ? detailHeight : 0);

  /** @param {number} at */
  const moveTo = (at) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, at))];
    if (!row || !box.current) return;
    setActive(keyOf(row));
    const index = rows.indexOf(row);
    const top = index * sight.row +
      (openAt >= 0 && openAt < index ? detailHeight : 0);
    const head = table.current?.tHead?.offsetHeight ?? 0;
    const element = box.current;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + sight.row + head;
    if (bottom > element.scrollTop + element.clientHeight) {
      element.scrollTop = bottom - element.clientHeight;
    }
  };
  /** @param {string} key */
  const toggle = (key) => onOpen(key === open ? undefined : key);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (
      event.target !== table.current || event.altKey || event.ctrlKey ||
      event.metaKey
    ) return;
    const page = Math.max(1, Math.floor(sight.height / sight.row) - 2);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => moveTo(activeAt + 1),
      ArrowUp: () => moveTo(activeAt < 0 ? 0 : activeAt - 1),
      PageDown: () => moveTo(activeAt + page),
      PageUp: () => moveTo(activeAt - page),
      Home: () => moveTo(0),
      End: () => moveTo(rows.length - 1),
      Enter: () => active !== undefined && toggle(active),
      Escape: () => onOpen(undefined),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  const shown = rows.slice(from, to);
  return html`
    <div class="rows" ref=${box} onScroll=${look}>
      <table role="treegrid" aria-label=${label} aria-rowcount=${rows.length +
        1} ref=${table} tabindex="0"
        aria-activedescendant=${activeAt >= from && activeAt < to
          ? rowId(active ?? "")
          : null}
        onKeyDown=${onKeyDown} onFocus=${() =>
          activeAt < 0 && rows[0] && setActive(keyOf(rows[0]))}>
        <thead>
          <tr aria-rowindex="1">
            ${columns.map(({ name, class: of }) =>
              html`<th key=${name} scope="col" class=${of}>${name}</th>`
            )}
          </tr>
        </thead>
        <tbody>
          ${above > 0 && html`
            <tr key="above" aria-hidden="true" class="space">
              <td style=${{ height: `${above}px` }} />
            </tr>
          `}
          ${shown.flatMap((row, n) => {
            const key = keyOf(row);
            const at = from + n;
            const isOpen = at === openAt;
            const fresh = (props.freshAt?.(row) ?? 0) > Date.now() - FRESH_MS;
            const classes = [
              "row",
              key === active && "active",
              isOpen && "open",
              fresh && "fresh",
            ];
            return [
              html`
                <tr key=${key} id=${rowId(key)} class=${classes.filter(Boolean)
                  .join(" ")} aria-rowindex=${at + 2}
                  aria-level="1" aria-expanded=${String(
                    isOpen,
                  )} aria-selected=${String(
                    key === active,
                  )}
                  onClick=${() => {
                    setActive(key);
                    toggle(key);
                  }}>
                  ${columns.map(({ name, class: of, view }) =>
                    html`<td key=${name} class=${of} data-column=${name}>${
                      view(row)
                    }</td>`
                  )}
                </tr>
              `,
              isOpen && html`
                <tr key=${`${key} opened`} class="detail" aria-level="2">
                  <td colspan=${columns.length}>
                    <${Measured} onHeight=${setDetailHeight}>${detail(
                      row,
                    )}<//></td>
                </tr>
              `,
            ];
          })}
          ${below > 0 && html`
            <tr key="below" aria-hidden="true" class="space">
              <td style=${{ height: `${below}px` }} />
            </tr>
          `}
        </tbody>
      </table>
      ${foot}
    </div>
  `;
}

/** @param {string} key */
const rowId = (key) => `row-${key.replaceAll(/[^\w-]/g, "_")}`;

/**
 * Finds the first row in sight. The open row has its details below it.
 *
 * @param {{ top: number, row: number }} sight
 * @param {number} openAt
 * @param {number} detailHeight
 */
function firstInSight({ top, row }, openAt, detailHeight) {
  const openEnd = (openAt + 1) * row;
  if (openAt < 0 || top < openEnd) return Math.floor(top / row);
  return Math.max(openAt, Math.floor((top - detailHeight) / row));
}

/**
 * Tells how high its content is.
 *
 * @param {{ onHeight: (height: number) => void, children?: View }} props
 */
function Measured({ onHeight, children }) {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return;
    const observer = new ResizeObserver(() => onHeight(measured.offsetHeight));
    observer.observe(measured);
    return () => observer.disconnect();
  }, []);
  return html`<div ref=${element} class="opened">${children}</div>`;
}
