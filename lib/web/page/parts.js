/**
 * Parts that several places are made of: sentences, states, tabs, and what is loaded.
 *
 * @module
 */

import { ApiError, ask } from "./api.js";
import {
  createContext,
  html,
  useContext,
  useEffect,
  useRef,
  useState,
} from "./preact.js";

/** @import { View } from "./preact.d.ts" */

/** The pause before something that failed is tried again, in milliseconds. */
export const RETRY_MS = 3_000;

/**
 * Shows a sentence in which commands stand between backticks.
 *
 * @param {{ text: string }} props The sentence.
 */
function Sentence({ text }) {
  return text.split("`").map((part, at) =>
    at % 2 === 1 ? html`<code>${part}</code>` : part
  );
}

/**
 * Says what is the matter, and what to do.
 *
 * @param {{ title: string, text?: string | undefined, trouble?: boolean, children?: View }} props `trouble`: whether something failed.
 */
export function Notice({ title, text, trouble = false, children }) {
  return html`
    <div class=${trouble ? "notice trouble" : "notice"} role="status">
      <p class="title"><${Sentence} text=${title} /></p>
      ${text && html`
        <p>
          <${Sentence} text=${text} />
        </p>
      `} ${children}
    </div>
  `;
}

/** What is said above to have failed: it is not said twice. */
export const SaidAbove = createContext(/** @type {readonly string[]} */ ([]));

/**
 * Says what failed.
 *
 * @param {{ error: unknown }} props The error.
 */
export function Failure({ error }) {
  const message = error instanceof Error ? error.message : String(error);
  if (useContext(SaidAbove).includes(message)) return null;
  return html`
    <${Notice} trouble title=${endSentence(
      message,
    )} text=${error instanceof ApiError ? error.advice : undefined} />
  `;
}

/**
 * Ends a sentence with a full stop, if it has none.
 *
 * @param {string} text The sentence.
 */
export const endSentence = (text) => /[.!?…]$/.test(text) ? text : `${text}.`;

/** Says that something is being loaded, once that takes a moment. */
export function Loading() {
  return html`<p class="loading" role="status">Loading…</p>`;
}

/**
 * What was loaded.
 *
 * @template T
 * @typedef {object} Loaded
 * @property {T | undefined} data The newest answer.
 * @property {unknown} error Why there is no newer one.
 * @property {() => void} reload Loads it again.
 */

/**
 * Loads what the server has at a path, and again after that failed in a way that may pass.
 *
 * @param {string} path The path, from `/api/` on.
 * @param {number} [everyMs] Loads it again and again, with this pause in milliseconds.
 * @returns {Loaded<any>} What was loaded.
 */
export function useData(path, everyMs) {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState(
    /** @type {{ data: any, error: unknown }} */ ({
      data: undefined,
      error: undefined,
    }),
  );
  useEffect(() => {
    const controller = new AbortController();
    let timer =
      /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
    const run = async () => {
      let pause = everyMs;
      try {
        // A page that nobody sees asks for nothing, until it is seen.
        if (document.hidden) pause ??= RETRY_MS;
        else {
          const data = await ask(path, { signal: controller.signal });
          setState({ data, error: undefined });
        }
      } catch (error) {
        if (controller.signal.aborted) return;
        setState(({ data }) => ({ data, error }));
        if (error instanceof ApiError && error.passes) pause = RETRY_MS;
      }
      if (pause !== undefined && !controller.signal.aborted) {
        timer = setTimeout(run, pause);
      }
    };
    run();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [path, turn]);
  return { ...state, reload: () => setTurn((before) => before + 1) };
}

/**
 * Shows what was loaded: the data, with what failed above it.
 *
 * @template T
 * @param {Loaded<T>} loaded What was loaded.
 * @param {(data: T) => View} show Shows the data.
 */
export function whenLoaded({ data, error }, show) {
  if (data === undefined) {
    return error ? html`<${Failure} error=${error} />` : html`<${Loading} />`;
  }
  // That the dashboard is away is said above.
  const isAway = error instanceof ApiError && error.status === 0;
  return html`
    ${error && !isAway && html`<${Failure} error=${error} />`}
    <div class=${error ? "place stale" : "place"}>${show(data)}</div>
  `;
}

/**
 * Shows where one is, and the places next to it.
 *
 * @param {{ up?: { name: string, href: string }, title: string, tabs?: { name: string, href: string, here: boolean }[] }} props
 * `up`: the place above; `tabs`: the places of the same thing.
 */
export function PlaceHead({ up, title, tabs }) {
  return html`
    <div class="place-head">
      <h1>
        ${up && html`
          <a href=${up.href}>${up.name}</a><span class="slash"
            aria-hidden="true">/</span>
        `}
        <span>${title}</span>
      </h1>
      ${tabs && html`
        <nav class="tabs" aria-label=${title}>
          ${tabs.map(({ name, href, here }) =>
            html`<a key=${name} href=${href} aria-current=${
              here ? "page" : null
            }>${name}</a>`
          )}
        </nav>
      `}
    </div>
  `;
}

/**
 * What can be set: each works once it is changed.
 *
 * @param {{ label: string, children?: View }} props
 */
export function Filters({ label, children }) {
  return html`
    <form class="filters" aria-label=${label}
      onSubmit=${(
        /** @type {Event} */ event,
      ) => event.preventDefault()}>${children}</form>
  `;
}

/**
 * Makes a listener that gets the value of what was changed.
 *
 * @param {(value: string) => void} set Gets it.
 */
export const valued = (set) =>
(
  /** @type {{ currentTarget: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }} */ {
    currentTarget,
  },
) => set(currentTarget.value);

/**
 * Lets the reader choose one of several.
 *
 * @param {{ label: View, value: string, options: readonly { id: string, name: string }[], onChange: (id: string) => void, class?: string, filter?: boolean }} props
 * `filter`: whether `/` goes to it.
 */
export function Choice(
  { label, value, options, onChange, class: of, filter },
) {
  return html`
    <label class=${of}>${label}
      <select value=${value} data-filter=${filter} onChange=${valued(onChange)}>
        ${options.map(({ id, name }) =>
          html`
            <option key=${id} value=${id}
              selected=${id === value}>${name}</option>
          `
        )}
      </select>
    </label>
  `;
}

/**
 * Shows a table. On a narrow screen each row becomes a card, with the name of the column beside each value.
 *
 * @param {{ label: string, compact?: boolean, columns: { name: string, number?: boolean }[], rows: { key: string, cells: View[] }[] }} props
 * `compact`: whether it has room on a narrow screen too, and stays a table; `number`: whether the column is aligned to the right.
 */
export function Table({ label, compact = false, columns, rows }) {
  return html`
    <table class=${compact ? "compact" : "cards"} aria-label=${label}>
      <thead>
        <tr>
          ${columns.map(({ name, number }) =>
            html`<th key=${name} scope="col" class=${
              number ? "number" : null
            }>${name}</th>`
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) =>
          html`
            <tr key=${row.key}>
              ${row.cells.map((cell, at) =>
                html`
                  <td class=${columns[at]?.number
                    ? "number"
                    : null} data-column=${columns[at]?.name}>${cell}</td>
                `
              )}
            </tr>
          `
        )}
      </tbody>
    </table>
  `;
}

/**
 * How far an act is: said what it would do, done, or refused.
 *
 * @template T
 * @typedef {object} Act
 * @property {"idle" | "planned" | "done" | "failed"} step
 * @property {boolean} busy
 * @property {T | undefined} answer What the server answered.
 * @property {unknown} error
 * @property {() => void} plan Asks what it would do.
 * @property {() => void} execute Does it.
 * @property {() => void} reset Forgets it.
 */

/**
 * An act in two steps: first the server says what it will do, then it does it.
 *
 * @template T
 * @param {(execute: boolean) => Promise<T>} send Asks the server.
 * @returns {Act<T>} The act.
 */
export function useAct(send) {
  /** @type {Pick<Act<T>, "step" | "busy" | "answer" | "error">} */
  const idle = {
    step: "idle",
    busy: false,
    answer: undefined,
    error: undefined,
  };
  const [state, setState] = useState(idle);
  const turn = useRef(0);
  const run = async (/** @type {boolean} */ execute) => {
    const own = ++turn.current;
    const set = (/** @type {Partial<typeof idle>} */ change) => {
      if (own === turn.current) {
        setState((before) => ({ ...before, ...change }));
      }
    };
    set({ busy: true });
    try {
      const answer = await send(execute);
      set({ busy: false, step: execute ? "done" : "planned", answer });
    } catch (error) {
      set({ busy: false, step: "failed", error });
    }
  };
  return {
    ...state,
    plan: () => run(false),
    execute: () => run(true),
    reset() {
      turn.current++;
      setState(idle);
    },
  };
}

/**
 * Shows the steps of an act: a button that asks, then what it will do with a second button. The outcome is the caller's to show, as the
 * act may take away what it was done to.
 *
 * @template T
 * @param {{ act: Act<T>, ask: string, planned: (answer: T) => { text: string, go?: string }, done: (answer: T) => string, onDone: (outcome: string) => void }} props
 * `ask`: the first button; `planned`: what it will do, and the second button, missing if there is nothing to do; `done`: the outcome.
 */
export function ActSteps({ act, ask, planned, done, onDone }) {
  const { step, busy, answer } = act;
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const go = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (step === "planned") {
      box.current?.scrollIntoView({ block: "nearest" });
      go.current?.focus();
    }
    if (step === "done" && answer) {
      onDone(done(answer));
      act.reset();
    }
  }, [step]);
  const plan = step === "planned" && answer ? planned(answer) : undefined;
  return html`
    <div ref=${box} class=${plan ? "act planned" : "act"}>
      ${!plan && html`
        <button type="button" disabled=${busy}
          onClick=${act.plan}>${ask}</button>
      `}
      <div role="status">
        ${plan && html`<p>${plan.text}</p>`}
        ${step === "failed" && html`<${Failure} error=${act.error} />`}
      </div>
      ${plan && html`
        <div class="buttons">
          ${plan.go && html`
            <button type="button" class="main" ref=${go} disabled=${busy}
              onClick=${act.execute}>
              ${plan.go}
            </button>
          `}
          <button type="button" disabled=${busy} onClick=${act.reset}>
            ${plan.go ? "Cancel" : "Close"}
          </button>
        </div>
      `}
    </div>
  `;
}

/**
 * Tells what an act has done.
 *
 * @param {{ text: string }} props The outcome; empty if there is none.
 */
export function Outcome({ text }) {
  return html`<p role="status" class=${
    text ? "outcome" : "hidden"
  }>${text}</p>`;
}
