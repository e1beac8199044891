/**
 * The first place: how the day goes, for the manager of the cafe.
 *
 * @module
 */

import { addressOf, replaceAddress } from "./address.js";
import { TimeChart } from "./chart.js";
import { courseOf, figuresOf, nowOf, RANGES } from "./day.js";
import {
  axisMoney,
  clock,
  clockMinute,
  count,
  counted,
  money,
  percent,
  time,
} from "./format.js";
import { Choice, endSentence, Loading, Notice, Table } from "./parts.js";
import { html, useMemo, useRef, useState } from "./preact.js";

/** @import { DaySnapshot } from "../api.ts" */
/** @import { CoursePart, Figure } from "./day.js" */
/** @import { Live } from "./live.js" */

/**
 * Shows the day.
 *
 * @param {{ live: Live, query: Readonly<Record<string, string>> }} props What is known, and the address's filters.
 */
export function Today({ live: { day, status, connection }, query }) {
  if (status?.store.ok === false && !day) {
    const { error, advice } = status.store;
    return html`
      <${Notice} trouble title=${endSentence(error)} text=${advice ??
        "Run `deno task store` to fill this page."} />
    `;
  }
  if (!day) return connection === "lost" ? null : html`<${Loading} />`;
  const orders = day.drinks.reduce((sum, drink) => sum + drink.orders, 0);
  const now = nowOf(day);
  return html`
    <h1 class="hidden">Today</h1>
    ${status?.kafka.ok === false && html`
      <${Notice} trouble title="New orders can't come in at the moment."
        text=${[endSentence(status.kafka.error), status.kafka.advice].filter(
          Boolean,
        )
          .join(" ")} />
    `}
    ${status?.store.ok === false &&
      html`<${Notice} trouble title=${
        endSentence(status.store.error)
      } text=${status.store.advice} />`}
    ${status && status.behind > 0 && html`
      <${Notice} trouble title=${`${
        counted(status.behind, "message")
      } not counted yet.`} text=${"The store stands still. Does `deno task store` run?"} />
    `}
    ${orders === 0 && html`
      <${Notice} title="No orders yet today." text=${"`deno task produce` sends five, and `deno task store` counts them."}>
        ${day.newest !== null &&
          html`<p>The newest is from ${time(day.newest)}.</p>`}
      <//>
    `}
    <${Figures} figures=${figuresOf(day, now)} />
    <div class="panels">
      <${Revenue} day=${day} now=${now} query=${query} />
      <${Drinks} drinks=${day.drinks} />
      <${Latest} latest=${day.latest} />
      <div class="column">
        <${Guests} guests=${day.guests} />
        <${Cards} cards=${day.cards} />
      </div>
    </div>
  `;
}

/** From this change on, in percent, it is told how many times as much it is. */
const MANIFOLD_PERCENT = 900;

/** @param {Figure["kind"]} kind @param {number | null} value */
function figureText(kind, value) {
  if (value === null) return "–";
  return { money, count, share: percent }[kind](value);
}

/**
 * Says how a figure of the last hour compares with the hour before.
 *
 * @param {Figure} figure
 */
function changeOf({ kind, hour, before }) {
  if (hour === null || before === null) {
    return {
      sign: "",
      text: "nothing to compare yet",
      words: "There is no hour before to compare with.",
    };
  }
  const share = kind === "share";
  const change = Math.round(
    (share ? hour - before : (hour - before) / before) * 100,
  );
  const [now, then] = [figureText(kind, hour), figureText(kind, before)];
  const hours = `in the last hour, ${then} in the hour before`;
  if (change === 0) {
    const text = "as the hour before";
    return { sign: "▬", text, words: `As much: ${now} ${hours}.` };
  }
  const amount = share
    ? counted(Math.abs(change), "point")
    : change >= MANIFOLD_PERCENT
    ? `${count(Math.round(hour / before))} ×`
    : `${count(Math.abs(change))} %`;
  return {
    sign: change > 0 ? "▲" : "▼",
    text: `${amount} vs hour before`,
    words: `${change > 0 ? "Up" : "Down"} ${amount}: ${now} ${hours}.`,
  };
}

/** @param {{ figures: Figure[] }} props */
function Figures({ figures }) {
  return html`
    <ul class="figures" aria-label="The day in numbers">
      ${figures.map((figure) => {
        const { sign, text, words } = changeOf(figure);
        return html`
          <li key=${figure.name}>
            <h2>${figure.name}</h2>
            <p class="value">${figureText(figure.kind, figure.day)}</p>
            <p class="change" title=${words} aria-hidden="true">
              ${sign &&
                html`<span class=${
                  sign === "▲" ? "up" : "sign"
                }>${sign}</span>`} ${text}
            </p>
            <p class="hidden">${words}</p>
          </li>
        `;
      })}
    </ul>
  `;
}

/**
 * Heads a part of the place: its title, and a switch between its picture and its table.
 *
 * @param {{ title: string, table?: boolean, onTable?: (table: boolean) => void, children?: unknown }} props
 */
function PanelHead({ title, table, onTable, children }) {
  return html`
    <div class="panel-head">
      <h2>${title}</h2>
      ${children} ${onTable && html`
        <button type="button" class="plain" aria-pressed=${String(table)}
          onClick=${() => onTable(!table)}>
          ${table ? "Chart" : "Table"}<span class="hidden"> of ${title}</span>
        </button>
      `}
    </div>
  `;
}

/** @param {{ day: DaySnapshot, now: number, query: Readonly<Record<string, string>> }} props */
function Revenue({ day, now, query }) {
  const [table, setTable] = useState(false);
  const range = RANGES.find(({ id }) => id === query.range) ?? RANGES[0];
  const minute = Math.floor(now / 60_000);
  const parts = useMemo(
    () => range ? courseOf(day, now, range) : [],
    [day, minute, range],
  );
  const points = useMemo(
    () =>
      parts.map(({ at, totals, yesterday, unfinished }) => ({
        at,
        value: totals && totals.cents / 100,
        before: yesterday && yesterday.cents / 100,
        unfinished,
      })),
    [parts],
  );
  if (!range) return null;
  const step = range.step === 1 ? "minute" : `${range.step} minutes`;
  const title = `Revenue by ${step}`;
  return html`
    <section class="panel wide">
      <${PanelHead} title=${title} table=${table} onTable=${setTable}>
        <${Choice} label=${html`<span class="hidden">Span of the chart</span>`}
          value=${range.id} options=${RANGES}
          onChange=${(/** @type {string} */ range) =>
            replaceAddress(addressOf(["today"], { range }))} />
      <//>
      ${table ? html`<${RevenueTable} parts=${parts} />` : html`
        <${TimeChart} key=${range.id} points=${points} label=${revenueWords(
          title,
          parts,
        )}
          unit=${axisMoney}
          tip=${(/** @type {number} */ at) => tipOf(parts[at], range.step)} />
        <p class="legend">
          <span class="swatch today">today</span>
          <span class="swatch unfinished">still counting</span>
          <span class="swatch yesterday">same time yesterday</span>
        </p>
      `}
      ${day.late > 0 && html`
        <p
          class="quiet note">${counted(
            day.late,
            "order",
          )} came after the end of their minute, and are counted in it.</p>
      `}
    </section>
  `;
}

/** @param {string} title @param {CoursePart[]} parts */
function revenueWords(title, parts) {
  const filled = parts.filter(({ totals }) => totals);
  const best =
    filled.toSorted((a, b) =>
      (b.totals?.cents ?? 0) - (a.totals?.cents ?? 0)
    )[0];
  const span = `${title}, from ${clockMinute(parts[0]?.at ?? 0)} to ${
    clockMinute(parts.at(-1)?.at ?? 0)
  }.`;
  return best?.totals
    ? `${span} The highest is ${money(best.totals.cents)} at ${
      clockMinute(best.at)
    }. The table has each value.`
    : `${span} No orders.`;
}

/** @param {CoursePart | undefined} part @param {number} step */
function tipOf(part, step) {
  if (!part || !part.totals && !part.yesterday) return [];
  const { at, totals, yesterday, unfinished } = part;
  const span = step === 1
    ? clockMinute(at)
    : `${clockMinute(at)} – ${clockMinute(at + step * 60_000)}`;
  return [
    unfinished ? `${span}, still counting` : span,
    totals
      ? `${money(totals.cents)} · ${counted(totals.orders, "order")} · ${
        counted(totals.cups, "cup")
      }`
      : "no orders",
    ...(yesterday ? [`Yesterday ${money(yesterday.cents)}`] : []),
  ];
}

/** @param {{ parts: CoursePart[] }} props */
function RevenueTable({ parts }) {
  const rows = parts.filter(({ totals, yesterday }) => totals ?? yesterday)
    .toReversed();
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Revenue as a table">
      <${Table} label="Revenue" columns=${[
        { name: "From" },
        { name: "Revenue", number: true },
        { name: "Orders", number: true },
        { name: "Cups", number: true },
        { name: "Yesterday", number: true },
      ]} rows=${rows.map(({ at, totals, yesterday, unfinished }) => ({
        key: String(at),
        cells: [
          unfinished ? `${clockMinute(at)} (still counting)` : clockMinute(at),
          totals ? money(totals.cents) : "–",
          totals ? count(totals.orders) : "–",
          totals ? count(totals.cups) : "–",
          yesterday ? money(yesterday.cents) : "–",
        ],
      }))} />
    </div>
  `;
}

/** @param {{ drinks: DaySnapshot["drinks"] }} props */
function Drinks({ drinks }) {
  const [table, setTable] = useState(false);
  const top = Math.max(1, ...drinks.map(({ cents }) => cents));
  return html`
    <section class="panel">
      <${PanelHead} title="By drink" table=${table} onTable=${setTable} />
      ${drinks.length === 0 &&
        html`<p class="quiet">Nothing sold yet today.</p>`}
      ${table
        ? html`
          <${Table} compact label="Drinks" columns=${[
            { name: "Drink" },
            { name: "Revenue", number: true },
            { name: "Orders", number: true },
            { name: "Cups", number: true },
          ]} rows=${drinks.map(({ name, cents, orders, cups }) => ({
            key: name,
            cells: [name, money(cents), count(orders), count(cups)],
          }))} />
        `
        : html`
          <ul class="bars">
            ${drinks.slice(0, 8).map(({ name, cents, cups }) =>
              html`
                <li key=${name}>
                  <span class="name">${name}</span>
                  <span class="amount">${money(
                    cents,
                  )} <span class="quiet">${counted(cups, "cup")}</span></span>
                  <span class="bar" aria-hidden="true"><span style=${{
                    inlineSize: `${cents / top * 100}%`,
                  }} /></span>
                </li>
              `
            )}
          </ul>
        `}
    </section>
  `;
}

/**
 * Shows the newest orders. Where the reader has scrolled, they stay as they are until asked for.
 *
 * @param {{ latest: DaySnapshot["latest"] }} props
 */
function Latest({ latest }) {
  const [held, setHeld] = useState(
    /** @type {DaySnapshot["latest"] | undefined} */ (undefined),
  );
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const shown = held ?? latest;
  const heldIds = new Set(held?.map(({ id }) => id));
  const waiting = held ? latest.filter(({ id }) => !heldIds.has(id)).length : 0;
  const onScroll = () => {
    const scrolled = (box.current?.scrollTop ?? 0) > 0;
    setHeld((before) => scrolled ? before ?? latest : undefined);
  };
  const toTop = () => box.current?.scrollTo({ top: 0 });
  return html`
    <section class="panel latest">
      <${PanelHead} title="Latest orders" />
      ${shown.length === 0 && html`<p class="quiet">No orders yet.</p>`}
      ${waiting > 0 &&
        html`<button type="button" class="newer" onClick=${toTop}>${
          waiting === latest.length ? `${waiting} or more` : waiting
        } new</button>`}
      ${shown.length > 0 && html`
        <div class="scroll" ref=${box} onScroll=${onScroll} tabindex="0"
          role="region" aria-label="Latest orders">
          <ul class="orders">
            ${shown.map(({ id, at, name, drink, quantity, cents, member }) =>
              html`
                <li key=${id}>
                  <time datetime=${new Date(at).toISOString()}>${clock(
                    at,
                  )}</time>
                  <span class="name">${name}${member && html`
                    <span class="tag">member</span>
                  `}</span>
                  <span class="drink">${quantity}× ${drink}</span>
                  <span class="amount">${money(cents)}</span>
                </li>
              `
            )}
          </ul>
        </div>
      `}
    </section>
  `;
}

/** @param {{ guests: DaySnapshot["guests"] }} props */
function Guests({ guests }) {
  return html`
    <section class="panel">
      <${PanelHead}
        title="Guests"><span class="quiet">of all days, by spending</span><//>
      ${guests.length === 0 ? html`<p class="quiet">Nobody yet.</p>` : html`
        <${Table} compact label="Guests" columns=${[
          { name: "Guest" },
          { name: "Orders", number: true },
          { name: "Spent", number: true },
        ]} rows=${guests.map(({ name, orders, cents }) => ({
          key: name,
          cells: [name, count(orders), money(cents)],
        }))} />
      `}
    </section>
  `;
}

/** @param {{ cards: DaySnapshot["cards"] }} props */
function Cards({ cards }) {
  return html`
    <section class="panel">
      <${PanelHead} title="Loyalty points" />
      ${cards.length === 0
        ? html`<p class="quiet">No card scanned yet.</p>`
        : html`
          <${Table} compact label="Loyalty points" columns=${[
            { name: "Card" },
            { name: "Scans", number: true },
            { name: "Points", number: true },
          ]}
            rows=${cards.map(({ id, scans, points }) => ({
              key: id,
              cells: [id, count(scans), count(points)],
            }))} />
        `}
    </section>
  `;
}
