/**
 * The second place, for whoever looks after the pipeline: topics, groups, schemas and dead letters.
 *
 * @module
 */

import { addressOf } from "./address.js";
import { Group, Groups } from "./groups.js";
import { DeadLetters, Letters } from "./letters.js";
import { endSentence, Notice, SaidAbove } from "./parts.js";
import { html } from "./preact.js";
import { Schema, Schemas } from "./schemas.js";
import { Topic, Topics } from "./topics.js";

/** @import { Status } from "../api.ts" */
/** @import { Address } from "./address.js" */

/** Its places: how each is called, what it shows, and what it shows of one thing. */
export const KAFKA_PLACES = [
  { id: "topics", name: "Topics", all: Topics, one: Topic },
  { id: "groups", name: "Groups", all: Groups, one: Group },
  { id: "schemas", name: "Schemas", all: Schemas, one: Schema },
  { id: "dead-letters", name: "Dead letters", all: DeadLetters, one: Letters },
];

/**
 * Shows the place that the address names.
 *
 * @param {{ address: Address, status: Status | undefined }} props
 */
export function KafkaPlace({ address: { path, query }, status }) {
  const [first = "topics", name, part] = path;
  const place = KAFKA_PLACES.find(({ id }) => id === first);
  const show = name === undefined ? place?.all : place?.one;
  const said = status
    ? [status.kafka, status.registry].flatMap((health) =>
      health.ok ? [] : [health.error]
    )
    : [];
  return html`
    <nav class="places" aria-label="Kafka">
      ${KAFKA_PLACES.map(({ id, name }) =>
        html`<a key=${id} href=${addressOf([id])} aria-current=${
          id === first ? "page" : null
        }>${name}</a>`
      )}
    </nav>
    ${status?.kafka.ok === false &&
      html`<${Notice} trouble title=${
        endSentence(status.kafka.error)
      } text=${status.kafka.advice} />`}
    ${status?.registry.ok === false && html`
      <${Notice} trouble title=${endSentence(status.registry.error)}
        text=${`${
          status.registry.advice ?? ""
        } Until then messages are shown as bytes.`.trim()} />
    `}
    <${SaidAbove.Provider} value=${said}>
      <${show} key=${path.join("/")} name=${name} part=${part}
        query=${query}
        readOnly=${status?.readOnly ?? true} home=${status?.topic} />
      <//>
  `;
}
