/**
 * The consumer groups, and one group: where it stands, how its lag went, and setting where it goes on.
 *
 * @module
 */

import { addressOf } from "./address.js";
import { act, apiPath } from "./api.js";
import { count, counted, time } from "./format.js";
import {
  ActSteps,
  Choice,
  Filters,
  Notice,
  Outcome,
  PlaceHead,
  Table,
  useAct,
  useData,
  valued,
  whenLoaded,
} from "./parts.js";
import { html, useState } from "./preact.js";

/** @import { GroupAnswer, GroupSummary, LagCourse, ResetAnswer } from "../api.ts" */

const EVERY_MS = 5_000;

/** What Kafka's names for a group's state mean. @type {Readonly<Record<string, string>>} */
const STATES = {
  Stable: "reading",
  Empty: "nobody reads",
  PreparingRebalance: "members are changing",
  CompletingRebalance: "members are changing",
  Dead: "removed",
};

/** @param {string} state */
const stateText = (state) => STATES[state] ?? state;

/** @param {number | null} lag */
const lagText = (lag) =>
  lag === null
    ? html`<span class="quiet">nothing committed</span>`
    : count(lag);

/**
 * Draws the course of the lag as a small line.
 *
 * @param {{ course: LagCourse, wide?: boolean }} props
 */
function LagLine({ course, wide = false }) {
  const [first, last] = [course[0], course.at(-1)];
  if (!first || !last || first === last) {
    return html`<span class="quiet">being recorded</span>`;
  }
  const [width, height] = [96, 24];
  const top = Math.max(1, ...course.map(([, lag]) => lag));
  const points = course.map(([at, lag]) =>
    `${((at - first[0]) / (last[0] - first[0] || 1) * width).toFixed(1)},${
      (height - 2 - lag / top * (height - 4)).toFixed(1)
    }`
  ).join(" ");
  return html`
    <svg class=${wide
      ? "sparkline wide"
      : "sparkline"} viewBox="0 0 ${width} ${height}"
      preserveAspectRatio="none" role="img"
      aria-label=${`Lag over the last minutes: from ${count(first[1])} to ${
        count(last[1])
      }`}>
      <polyline points=${points} />
    </svg>
  `;
}

/** Shows all groups. */
export function Groups() {
  const loaded = useData(apiPath(["groups"]), EVERY_MS);
  return html`
    <${PlaceHead} title="Groups" />
    ${whenLoaded(
      loaded,
      (/** @type {GroupSummary[]} */ groups) =>
        groups.length === 0
          ? html`<${Notice} title="No consumer groups yet." text=${"`deno task consume` and `deno task store` each read as one."} />`
          : html`
            <section class="panel">
              <${Table} label="Groups" columns=${[
                { name: "Group" },
                { name: "State" },
                { name: "Members", number: true },
                { name: "Topics" },
                { name: "Lag", number: true },
                { name: "Lag, last minutes", number: true },
              ]} rows=${groups.map((
                { name, state, members, lag, topics, course },
              ) => ({
                key: name,
                cells: [
                  html`<a class="name" href=${
                    addressOf(["groups", name])
                  }>${name}</a>`,
                  html`<span title=${state}>${stateText(state)}</span>`,
                  count(members),
                  html`<span class="wrap">${
                    topics.join(", ") || "none"
                  }</span>`,
                  lagText(lag),
                  html`<${LagLine} course=${course} />`,
                ],
              }))} />
            </section>
          `,
    )}
  `;
}

/**
 * Shows one group.
 *
 * @param {{ name: string, readOnly: boolean }} props
 */
export function Group({ name, readOnly }) {
  const loaded = useData(apiPath(["groups", name]), EVERY_MS);
  const [outcome, setOutcome] = useState("");
  const onDone = (/** @type {string} */ text) => {
    setOutcome(text);
    loaded.reload();
  };
  return html`
    <${PlaceHead} up=${{
      name: "Groups",
      href: addressOf(["groups"]),
    }} title=${name} />
    <${Outcome} text=${outcome} />
    ${whenLoaded(loaded, (/** @type {GroupAnswer} */ group) =>
      html`
        <${Standing} group=${group} />
        <${Members} group=${group} />
        ${!readOnly && html`<${Reset} group=${group} onDone=${onDone} />`}
      `)}
  `;
}

/** @param {{ group: GroupAnswer }} props */
function Standing({ group: { state, partitions, members, course } }) {
  const [table, setTable] = useState(false);
  const lag = partitions.reduce(
    (sum, partition) => sum + (partition.lag ?? 0),
    0,
  );
  const top = Math.max(1, ...partitions.map((partition) => partition.lag ?? 0));
  const hostOf = new Map(members.map(({ id, clientId }) => [id, clientId]));
  return html`
    <section class="panel">
      <div class="panel-head">
        <h2>Lag: ${count(lag)}</h2>
        <span class="quiet">${stateText(state)}, ${counted(
          members.length,
          "member",
        )}</span>
        <${LagLine} wide course=${course} />
        <button type="button" class="plain" aria-pressed=${String(table)}
          onClick=${() => setTable(!table)}>${table
            ? "Hide table"
            : "Table"}<span class="hidden"> of the lag over time</span></button>
      </div>
      ${table && html`
        <div class="scroll" tabindex="0" role="region" aria-label="Lag over time">
          <${Table} compact label="Lag over time" columns=${[
            { name: "Time" },
            { name: "Lag", number: true },
          ]}
            rows=${course.toReversed().map(([at, lag]) => ({
              key: String(at),
              cells: [time(at), count(lag)],
            }))} />
        </div>
      `}
      ${partitions.length === 0
        ? html`<p class="quiet">It has committed nothing yet.</p>`
        : html`
          <${Table} label="Lag by partition" columns=${[
            { name: "Topic" },
            { name: "Partition", number: true },
            { name: "Committed", number: true },
            { name: "End", number: true },
            { name: "Lag", number: true },
            { name: "" },
            { name: "Member" },
          ]} rows=${partitions.map((
            { topic, partition, committed, next, lag, member },
          ) => ({
            key: `${topic}/${partition}`,
            cells: [
              html`<a href=${addressOf(["topics", topic])}>${topic}</a>`,
              partition,
              committed ?? html`<span class="quiet">none</span>`,
              next ?? html`<strong class="trouble">no leader</strong>`,
              lagText(lag),
              html`<span class="bar" aria-hidden="true"><span style=${{
                inlineSize: `${(lag ?? 0) / top * 100}%`,
              }} /></span>`,
              member === null
                ? html`<span class="quiet">nobody</span>`
                : html`<span title=${member}>${
                  hostOf.get(member) ?? member
                }</span>`,
            ],
          }))} />
        `}
    </section>
  `;
}

/** @param {{ group: GroupAnswer }} props */
function Members({ group: { members } }) {
  if (members.length === 0) return null;
  return html`
    <section class="panel">
      <div class="panel-head">
        <h2>Members</h2>
      </div>
      <${Table} label="Members" columns=${[
        { name: "Client" },
        { name: "Address" },
        { name: "Partitions" },
        { name: "Id" },
      ]}
        rows=${members.map(({ id, clientId, host, partitions }) => ({
          key: id,
          cells: [
            clientId,
            host,
            html`<span class="wrap">${partitions.join(", ") || "none"}</span>`,
            html`<span class="quiet wrap">${id}</span>`,
          ],
        }))} />
    </section>
  `;
}

const TARGETS = [
  { id: "earliest", name: "the oldest message", type: "" },
  { id: "latest", name: "the end: skip what is there", type: "" },
  { id: "offset", name: "an offset…", type: "number" },
  { id: "time", name: "a time…", type: "datetime-local" },
  { id: "back", name: "some messages back…", type: "number" },
];

/** @param {string} kind @param {string} point */
function targetOf(kind, point) {
  if (kind === "time") return point && new Date(point).toISOString();
  if (kind === "back") return point && `-${point}`;
  return kind === "offset" ? point : kind;
}

/**
 * Sets where a group goes on.
 *
 * @param {{ group: GroupAnswer, onDone: (outcome: string) => void }} props
 */
function Reset({ group: { name, members, partitions }, onDone }) {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const [chosen, setChosen] = useState(topics[0] ?? "");
  const [partition, setPartition] = useState("");
  const [kind, setKind] = useState("earliest");
  const [point, setPoint] = useState("");
  const to = targetOf(kind, point);
  const reset = useAct((
    execute,
  ) => /** @type {Promise<ResetAnswer>} */ (act(
    apiPath(["groups", name, "reset"]),
    {
      topic: chosen,
      ...(partition !== "" && { partition: Number(partition) }),
      to,
      execute,
    },
  )));
  if (topics.length === 0) return null;
  /** @param {(value: string) => void} set */
  const changes = (set) => (/** @type {string} */ value) => {
    set(value);
    reset.reset();
  };
  const type = TARGETS.find(({ id }) => id === kind)?.type;
  return html`
    <section class="panel">
      <div class="panel-head"><h2>Set where it goes on</h2></div>
      ${members.length > 0
        ? html`
          <p
            class="quiet">Only a group that nobody reads can be set: stop ${counted(
              members.length,
              "member",
            )} first.</p>
        `
        : html`
          <${Filters} label="Set where it goes on">
            <${Choice} label="Topic" value=${chosen} onChange=${changes(
              setChosen,
            )} options=${topics.map((name) => ({ id: name, name }))} />
            <${Choice} label="Partition" value=${partition} onChange=${changes(
              setPartition,
            )} options=${[
              { id: "", name: "all" },
              ...partitions.filter(({ topic }) => topic === chosen).map((
                { partition: each },
              ) => ({ id: String(each), name: String(each) })),
            ]} />
            <${Choice} label="Go on at" value=${kind} onChange=${changes(
              setKind,
            )} options=${TARGETS} />
            ${type && html`
              <label>${kind === "back"
                ? "How many"
                : kind === "time"
                ? "Time"
                : "Offset"}
                <input type=${type} min="0" step="1" value=${point} onInput=${valued(
                  changes(setPoint),
                )} />
              </label>
            `}
          <//>
          ${to && html`
            <${ActSteps} act=${reset} ask="Show what would change" onDone=${onDone}
              planned=${(/** @type {ResetAnswer} */ { plan }) => ({
                text: plan.length === 0
                  ? "Nothing would change."
                  : `${name} would go on: ${planText(plan)}.`,
                ...(plan.length > 0 &&
                  { go: `Set ${counted(plan.length, "partition")}` }),
              })}
              done=${(/** @type {ResetAnswer} */ { plan }) =>
                `Done. ${name} goes on: ${planText(plan)}.`} />
          `}
        `}
    </section>
  `;
}

/** @param {ResetAnswer["plan"]} plan */
function planText(plan) {
  return plan.map(({ partition, from, to }) =>
    `partition ${partition} at ${to} (was ${from ?? "not set"})`
  ).join(", ");
}
