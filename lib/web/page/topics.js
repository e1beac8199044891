/**
 * The topics, and one topic: its partitions, its messages and its settings.
 *
 * @module
 */

import { addressOf } from "./address.js";
import { apiPath } from "./api.js";
import { count, size } from "./format.js";
import { Messages } from "./messages.js";
import { Notice, PlaceHead, Table, useData, whenLoaded } from "./parts.js";
import { html } from "./preact.js";

/** @import { TopicAnswer, TopicSummary } from "../api.ts" */

const EVERY_MS = 5_000;

/** Shows all topics. */
export function Topics() {
  const loaded = useData(apiPath(["topics"]), EVERY_MS);
  return html`
    <${PlaceHead} title="Topics" />
    ${whenLoaded(
      loaded,
      (/** @type {TopicSummary[]} */ topics) =>
        topics.length === 0
          ? html`<${Notice} title="No topics yet." text=${"`deno task topic` creates the first one."} />`
          : html`
            <section class="panel">
              <${Table} label="Topics" columns=${[
                { name: "Topic" },
                { name: "Partitions", number: true },
                { name: "Messages", number: true },
                { name: "Size", number: true },
              ]} rows=${topics.map((
                { name, partitions, messages, bytes, deadLettersOf },
              ) => ({
                key: name,
                cells: [
                  html`<a class="name" href=${
                    addressOf(["topics", name])
                  }>${name}</a>${
                    deadLettersOf !== null &&
                    html`
                      <a class="quiet" href=${addressOf([
                        "dead-letters",
                        deadLettersOf,
                      ])}>dead letters of ${deadLettersOf}</a>
                    `
                  }`,
                  count(partitions),
                  count(messages),
                  size(bytes),
                ],
              }))} />
            </section>
          `,
    )}
  `;
}

/**
 * Shows one topic.
 *
 * @param {{ name: string, part: string | undefined, query: Readonly<Record<string, string>>, home: string | undefined }} props
 * `part`: the messages, the settings, or the partitions; `home`: the topic of the cafe.
 */
export function Topic({ name, part = "partitions", query, home }) {
  const loaded = useData(apiPath(["topics", name]), EVERY_MS);
  const tabs = [
    { id: "partitions", name: "Partitions", path: ["topics", name] },
    { id: "messages", name: "Messages", path: ["topics", name, "messages"] },
    { id: "settings", name: "Settings", path: ["topics", name, "settings"] },
  ].map(({ id, name, path }) => ({
    name,
    href: addressOf(path),
    here: id === part,
  }));
  return html`
    <${PlaceHead} up=${{
      name: "Topics",
      href: addressOf(["topics"]),
    }} title=${name} tabs=${tabs} />
    ${part === "messages"
      ? html`
        <${Messages} topic=${name} home=${home} query=${query}
          partitions=${loaded.data?.partitions.length ?? 0} />
      `
      : whenLoaded(
        loaded,
        (/** @type {TopicAnswer} */ topic) =>
          part === "settings"
            ? html`<${Settings} topic=${topic} />`
            : html`<${Partitions} topic=${topic} />`,
      )}
  `;
}

/** @param {{ topic: TopicAnswer }} props */
function Partitions({ topic: { name, partitions } }) {
  return html`
    <section class="panel">
      <${Table} label="Partitions" columns=${[
        { name: "Partition", number: true },
        { name: "First offset", number: true },
        { name: "Next offset", number: true },
        { name: "Messages", number: true },
        { name: "Size", number: true },
        { name: "Leader", number: true },
        { name: "Replicas", number: true },
      ]} rows=${partitions.map((
        { partition, first, next, messages, bytes, leader, replicas, inSync },
      ) => ({
        key: String(partition),
        cells: [
          html`<a class="name" href=${
            addressOf(["topics", name, "messages"], {
              partition: String(partition),
            })
          }>${partition}</a>`,
          first ?? "–",
          next ?? "–",
          messages === null ? "–" : count(messages),
          size(bytes),
          leader === -1
            ? html`<strong class="trouble">none</strong>`
            : `broker ${leader}`,
          inSync.length < replicas.length
            ? html`<strong class="trouble">${inSync.length} of ${replicas.length} in sync</strong>`
            : `${replicas.length}, in sync`,
        ],
      }))} />
    </section>
  `;
}

/** @param {{ topic: TopicAnswer }} props */
function Settings({ topic: { settings } }) {
  if (settings.length === 0) {
    return html`<${Notice} title="This user may not see the topic's settings." />`;
  }
  // What was changed for this topic comes first.
  const sorted = settings.toSorted((a, b) =>
    Number(a.isDefault) - Number(b.isDefault)
  );
  return html`
    <section class="panel">
      <${Table} label="Settings" columns=${[{ name: "Setting" }, {
        name: "Value",
      }, { name: "Set" }]}
        rows=${sorted.map(({ name, value, isDefault }) => ({
          key: name,
          cells: [
            html`<code>${name}</code>`,
            html`<span class="wrap">${value ?? "secret"}</span>`,
            isDefault
              ? html`<span class="quiet">default</span>`
              : "for this topic",
          ],
        }))} />
    </section>
  `;
}
