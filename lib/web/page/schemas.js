/**
 * The registry's schemas, and one subject: its versions, and what differs between two.
 *
 * @module
 */

import { addressOf, replaceAddress } from "./address.js";
import { apiPath } from "./api.js";
import { count, counted } from "./format.js";
import { differenceOf } from "./lines.js";
import {
  Choice,
  Filters,
  Notice,
  PlaceHead,
  Table,
  useData,
  whenLoaded,
} from "./parts.js";
import { html } from "./preact.js";

/** @import { SchemaAnswer, SchemaSummary } from "../api.ts" */

/** Shows all subjects. */
export function Schemas() {
  const loaded = useData(apiPath(["schemas"]));
  return html`
    <${PlaceHead} title="Schemas" />
    ${whenLoaded(
      loaded,
      (/** @type {SchemaSummary[]} */ schemas) =>
        schemas.length === 0
          ? html`<${Notice} title="No schemas yet." text=${"`deno task produce` registers the one of its topic."} />`
          : html`
            <section class="panel">
              <${Table} label="Schemas" columns=${[
                { name: "Subject" },
                { name: "Newest version", number: true },
                { name: "Versions", number: true },
                { name: "Compatibility" },
              ]} rows=${schemas.map(({ subject, latest, versions, level }) => ({
                key: subject,
                cells: [
                  html`<a class="name" href=${
                    addressOf(["schemas", subject])
                  }>${subject}</a>`,
                  latest,
                  count(versions),
                  level,
                ],
              }))} />
            </section>
          `,
    )}
  `;
}

/**
 * Shows one subject.
 *
 * @param {{ name: string, query: Readonly<Record<string, string>> }} props
 */
export function Schema({ name, query }) {
  const loaded = useData(apiPath(["schemas", name]));
  return html`
    <${PlaceHead} up=${{
      name: "Schemas",
      href: addressOf(["schemas"]),
    }} title=${name} />
    ${whenLoaded(
      loaded,
      (/** @type {SchemaAnswer} */ schema) =>
        html`<${Versions} schema=${schema} query=${query} />`,
    )}
  `;
}

/** @param {{ schema: SchemaAnswer, query: Readonly<Record<string, string>> }} props */
function Versions({ schema: { subject, level, versions }, query }) {
  const shown =
    versions.find(({ version }) => String(version) === query.version) ??
      versions.at(-1);
  if (!shown) return html`<${Notice} title="It has no versions." />`;
  const other = versions.find(({ version }) => String(version) === query.from);
  /** @param {Record<string, string | undefined>} change */
  const go = (change) =>
    replaceAddress(addressOf(["schemas", subject], { ...query, ...change }));
  const lines = other ? differenceOf(other.text, shown.text) : [];
  const [added, removed] = ["added", "removed"].map((kind) =>
    lines.filter((line) => line.kind === kind).length
  );
  /** @param {readonly { version: number }[]} choices */
  const optionsOf = (choices) =>
    choices.toReversed().map(({ version }) => ({
      id: String(version),
      name: String(version),
    }));
  return html`
    <section class="panel">
      <${Filters} label="Version">
        <${Choice} label="Version" value=${String(
          shown.version,
        )} options=${optionsOf(versions)}
          onChange=${(/** @type {string} */ version) => go({ version })} />
        <${Choice} label="Compared with" value=${String(other?.version ?? "")}
          options=${[
            { id: "", name: "nothing" },
            ...optionsOf(versions.filter((each) => each !== shown)),
          ]}
          onChange=${(/** @type {string} */ from) => go({ from })} />
        <p class="quiet aside">Schema ${shown.id} · compatibility ${level}</p>
      <//>
      ${other
        ? html`
          <p role="status">${added || removed
            ? `${counted(added ?? 0, "line")} added, ${
              counted(removed ?? 0, "line")
            } removed since version ${other.version}.`
            : `The same text as version ${other.version}.`}</p>
          <pre class="difference" tabindex="0" aria-label="Difference">${lines
            .map(({ kind, text }, at) =>
              html`
                <span key=${at}
                  class=${kind}><span class="mark">${{
                    same: "  ",
                    added: "+ ",
                    removed: "− ",
                  }[kind]}</span>${text}${"\n"}</span>
              `
            )}</pre>
        `
        : html`<pre tabindex="0" aria-label="Schema">${shown.text}</pre>`}
    </section>
  `;
}
