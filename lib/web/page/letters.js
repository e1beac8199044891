/**
 * Dead letters: why each could not be processed, and sending them back, as they are or changed.
 *
 * @module
 */

import { addressOf, filtersOf, replaceAddress } from "./address.js";
import { act, apiPath } from "./api.js";
import { count, counted, exactTime } from "./format.js";
import { layOut, MessageDetail, valueText } from "./message.js";
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
import { Rows } from "./rows.js";

/** @import { DeadLetterAnswer, DeadLettersAnswer, DeadLettersSummary, EditAnswer, ReplayAnswer } from "../api.ts" */
/** @import { Loaded } from "./parts.js" */

const EVERY_MS = 5_000;
const LIMIT = 500;
/** How many new offsets an outcome names. */
const MAX_NAMED = 5;

/** Shows all topics with dead letters. */
export function DeadLetters() {
  const loaded = useData(apiPath(["dead-letters"]), EVERY_MS);
  return html`
    <${PlaceHead} title="Dead letters" />
    ${whenLoaded(
      loaded,
      (/** @type {DeadLettersSummary[]} */ topics) =>
        topics.every(({ letters }) => letters === 0)
          ? html`<${Notice} title="No dead letters." text=${"What can't be processed comes here, so that the rest goes on. `deno task dlq` lists the same."} />`
          : html`
            <section class="panel">
              <${Table} label="Dead letters" columns=${[
                { name: "Topic" },
                { name: "Letters", number: true },
                { name: "Why" },
              ]} rows=${topics.map(({ topic, letters, reasons }) => ({
                key: topic,
                cells: [
                  html`<a class="name" href=${
                    addressOf(["dead-letters", topic])
                  }>${topic}</a>`,
                  count(letters),
                  html`
                    <ul class="plain-list">
                      ${reasons.slice(0, 4).map(({ reason, count: many }) =>
                        html`
                          <li key=${reason}
                            class="wrap">${count(many)} × <a href=${addressOf([
                              "dead-letters",
                              topic,
                            ], { reason })}>${reason}</a></li>
                        `
                      )}
                      ${reasons.length > 4 &&
                        html`<li class="quiet">and ${
                          counted(reasons.length - 4, "other reason")
                        }</li>`}
                    </ul>
                  `,
                ],
              }))} />
            </section>
          `,
    )}
  `;
}

const COLUMNS = [
  {
    name: "Was at",
    class: "key",
    view: (/** @type {DeadLetterAnswer} */ { place }) =>
      place ?? html`<span class="quiet">not said</span>`,
  },
  {
    name: "Set aside",
    class: "time",
    view: (/** @type {DeadLetterAnswer} */ { at, message }) =>
      exactTime(at ?? message.at),
  },
  {
    name: "Tries",
    class: "number short",
    view: (/** @type {DeadLetterAnswer} */ { attempts }) => count(attempts),
  },
  {
    name: "Why",
    class: "rest",
    view: (/** @type {DeadLetterAnswer} */ { reason }) =>
      reason ?? html`<span class="quiet">not said</span>`,
  },
];

/** @param {DeadLetterAnswer} letter */
const keyOf = ({ message: { partition, offset } }) => `${partition}@${offset}`;

/**
 * Shows one topic's dead letters.
 *
 * @param {{ name: string, query: Readonly<Record<string, string>>, readOnly: boolean }} props
 */
export function Letters({ name, query: { reason = "", open }, readOnly }) {
  const filters = filtersOf({ limit: String(LIMIT), reason });
  const loaded = useData(apiPath(["dead-letters", name], filters), EVERY_MS);
  /** @type {Loaded<DeadLettersSummary[]>} */
  const summaries = useData(apiPath(["dead-letters"]), EVERY_MS);
  const reasons =
    summaries.data?.find(({ topic }) => topic === name)?.reasons ?? [];
  const [done, setDone] = useState("");
  const onDone = (/** @type {string} */ text) => {
    setDone(text);
    loaded.reload();
    summaries.reload();
  };
  const path = ["dead-letters", name];
  return html`
    <${PlaceHead} up=${{
      name: "Dead letters",
      href: addressOf(["dead-letters"]),
    }} title=${name} />
    <${Outcome} text=${done} />
    <section class="panel fill">
      <${Filters} label="Filters">
        <${Choice} label="Why" class="grow" filter value=${reason}
          options=${[
            { id: "", name: "any reason" },
            ...reason && !reasons.some((each) => each.reason === reason)
              ? [{ id: reason, name: reason }]
              : [],
            ...reasons.map(({ reason, count: many }) => ({
              id: reason,
              name: `${reason} (${count(many)})`,
            })),
          ]}
          onChange=${(/** @type {string} */ reason) =>
            replaceAddress(addressOf(path, { reason }))} />
      <//>
      ${!readOnly && html`
        <${ReplayAll} key=${reason} topic=${name} reason=${reason}
          onDone=${onDone} />
      `}
      ${whenLoaded(
        loaded,
        (/** @type {DeadLettersAnswer} */ { letters, hasMore }) =>
          letters.length === 0
            ? html`<${Notice} title=${
              reason
                ? "No letter with this reason is left."
                : `No dead letters of ${name} are left.`
            } />`
            : html`
              <${Rows} label=${`Dead letters of ${name}`} columns=${COLUMNS} rows=${letters}
                keyOf=${keyOf}
                open=${open} onOpen=${(/** @type {string | undefined} */ key) =>
                  replaceAddress(addressOf(path, { reason, open: key }))}
                detail=${(/** @type {DeadLetterAnswer} */ letter) =>
                  html`
                    <${Letter} topic=${name} letter=${letter} readOnly=${readOnly}
                      onDone=${onDone} />
                  `}
                foot=${hasMore && html`
                  <p
                    class="quiet note">The newest ${count(
                      letters.length,
                    )}. <code>deno task dlq</code> lists them all.</p>
                `} />
            `,
      )}
    </section>
  `;
}

/** @param {string} topic @param {ReplayAnswer} answer */
function planned(topic, { matching, skipped, left }) {
  const rest = skipped > 0
    ? ` ${count(skipped)} can't be sent back, and ${
      skipped === 1 ? "stays" : "stay"
    }.`
    : "";
  if (matching === 0) {
    return {
      text: `There is nothing to send back; ${
        counted(left, "letter")
      } left.${rest}`,
    };
  }
  return {
    text: `${
      counted(matching, "message")
    } will be sent back to ${topic}, after its newest, and read again.${rest}`,
    go: `Send ${count(matching)} back`,
  };
}

/** @param {string} topic @param {ReplayAnswer} answer */
function outcome(topic, { replayed, skipped, left, sent }) {
  const places = sent.slice(0, MAX_NAMED).map(({ partition, offset }) =>
    `${topic} [${partition}] offset ${offset}`
  ).join(", ");
  const more = replayed > MAX_NAMED ? ", …" : "";
  return `${counted(replayed, "message")} sent back${
    places && `: ${places}${more}`
  }. ${counted(left, "letter")} left${
    skipped > 0 ? `, ${count(skipped)} of them can't be sent back` : ""
  }.`;
}

/** @param {{ topic: string, reason: string, onDone: (outcome: string) => void }} props */
function ReplayAll({ topic, reason, onDone }) {
  const replay = useAct((execute) => /** @type {Promise<ReplayAnswer>} */ (
    act(apiPath(["dead-letters", topic, "replay"]), {
      ...(reason && { reason }),
      execute,
    })
  ));
  return html`
    <${ActSteps} act=${replay} onDone=${onDone} ask=${reason
      ? "Send back all with this reason"
      : "Send all back"}
      planned=${(/** @type {ReplayAnswer} */ answer) => planned(topic, answer)}
      done=${(/** @type {ReplayAnswer} */ answer) => outcome(topic, answer)} />
  `;
}

/** @param {{ topic: string, letter: DeadLetterAnswer, readOnly: boolean, onDone: (outcome: string) => void }} props */
function Letter({ topic, letter, readOnly, onDone }) {
  const { message, place, replayable } = letter;
  const [editing, setEditing] = useState(false);
  const replay = useAct((execute) => /** @type {Promise<ReplayAnswer>} */ (
    act(apiPath(["dead-letters", topic, "replay"]), {
      places: [place],
      execute,
    })
  ));
  return html`
    <${MessageDetail} topic=${`${topic}.dlq`} message=${message} />
    ${!readOnly &&
      (place === null || !replayable
        ? html`<p class="quiet">It can't be sent back: it does not say where it was.</p>`
        : editing
        ? html`
          <${Edit} topic=${topic} place=${place} text=${layOut(
            valueText(message),
          )}
            onClose=${() => setEditing(false)} onDone=${onDone} />
        `
        : html`
          <div class="acts">
            <${ActSteps} act=${replay} onDone=${onDone} ask="Send back"
              planned=${(/** @type {ReplayAnswer} */ answer) =>
                planned(topic, answer)}
              done=${(/** @type {ReplayAnswer} */ answer) =>
                outcome(topic, answer)} />
            ${replay.step === "idle" &&
              html`<button type="button" onClick=${() =>
                setEditing(true)}>Edit and send back</button>`}
          </div>
        `)}
  `;
}

/** @param {{ topic: string, place: string, text: string, onClose: () => void, onDone: (outcome: string) => void }} props */
function Edit({ topic, place, text, onClose, onDone }) {
  const [value, setValue] = useState(text);
  const edit = useAct((execute) => /** @type {Promise<EditAnswer>} */ (
    act(apiPath(["dead-letters", topic, "edit"]), { place, value, execute })
  ));
  return html`
    <div class="edit">
      <label>The value, as JSON
        <textarea rows=${Math.min(
          20,
          value.split("\n").length + 1,
        )} spellcheck=${false} value=${value}
          onInput=${valued((value) => {
            setValue(value);
            edit.reset();
          })} />
      </label>
      <div class="acts">
        <${ActSteps} act=${edit} onDone=${onDone} ask="Check"
          planned=${(/** @type {EditAnswer} */ { problem }) =>
            problem ? { text: `It can't be sent: ${problem}.` } : {
              text:
                `It is valid, and will be sent to ${topic} in place of the letter.`,
              go: "Send 1 message",
            }}
          done=${(/** @type {EditAnswer} */ { to, problem }) =>
            to
              ? `Sent: ${topic} [${to.partition}] offset ${to.offset}.`
              : `It was not sent: ${problem}.`} />
        ${edit.step === "idle" &&
          html`<button type="button" onClick=${onClose}>Cancel</button>`}
      </div>
    </div>
  `;
}
