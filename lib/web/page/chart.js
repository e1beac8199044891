/**
 * A chart over time: bars, the last of them unfinished, before a faint line of what was. Where there is no value, nothing is drawn.
 *
 * @module
 */

import { clockMinute } from "./format.js";
import { html, useEffect, useRef } from "./preact.js";
import uPlot from "./uplot.js";

/**
 * A point in time of a chart.
 *
 * @typedef {object} Point
 * @property {number} at In milliseconds since the epoch.
 * @property {number | null} value Null if there is none.
 * @property {number | null} before What it is compared with.
 * @property {boolean} unfinished Whether the value will still change.
 */

const AXIS_PX = 64;

/** @param {string} name */
const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {readonly Point[]} points */
function dataOf(points) {
  return /** @type {uPlot.AlignedData} */ ([
    points.map(({ at }) => at / 1_000),
    points.map(({ before }) => before),
    points.map(({ value, unfinished }) => unfinished ? null : value),
    points.map(({ value, unfinished }) => unfinished ? value : null),
  ]);
}

/** The top of the axis for a value, so that lines at round values are below it: 10 at least. @param {number} value */
function roundUp(value) {
  const power = 10 ** Math.max(1, Math.floor(Math.log10(value)));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8].find((step) => value <= step * power) ??
    10) * power;
}

/**
 * Draws a chart.
 *
 * @param {{ points: readonly Point[], label: string, unit: (value: number) => string, tip: (at: number) => string[] }} props
 * `label`: what it shows, in words; `unit`: writes a value of the axis; `tip`: the lines about a point, by its number.
 */
export function TimeChart({ points, label, unit, tip }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const tipBox = useRef(/** @type {HTMLDivElement | null} */ (null));
  const chart = useRef(/** @type {uPlot | undefined} */ (undefined));
  const tipOf = useRef(tip);
  tipOf.current = tip;
  const shown = useRef(points);
  shown.current = points;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(
        {
          width: element.clientWidth,
          height: element.clientHeight,
          ...optionsOf({
            unit,
            points: () => shown.current,
            onPoint: showTip,
          }),
        },
        dataOf(shown.current),
        element,
      );
    };
    /** @param {uPlot} drawn @param {number | null | undefined} at */
    const showTip = (drawn, at) => {
      const bubble = tipBox.current;
      if (!bubble) return;
      const lines = typeof at === "number" ? tipOf.current(at) : [];
      bubble.hidden = lines.length === 0;
      if (typeof at !== "number" || lines.length === 0) return;
      bubble.replaceChildren(...lines.map((line) => {
        const paragraph = document.createElement("p");
        paragraph.textContent = line;
        return paragraph;
      }));
      const left = drawn.valToPos(drawn.data[0][at] ?? 0, "x") + AXIS_PX;
      const side = left > drawn.width / 2 ? -bubble.offsetWidth - 12 : 20;
      bubble.style.transform = `translate(${Math.round(left + side)}px, 16px)`;
    };
    draw();
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      const drawn = chart.current;
      if (width > 0 && (width !== drawn?.width || height !== drawn?.height)) {
        drawn?.setSize({ width, height });
      }
    });
    observer.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      dark.removeEventListener("change", draw);
      observer.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => chart.current?.setData(dataOf(points)), [points]);

  return html`
    <div class="chart">
      <div ref=${box} role="img" aria-label=${label} />
      <div ref=${tipBox} class="tip" aria-hidden="true" hidden />
    </div>
  `;
}

/**
 * @param {{ unit: (value: number) => string, points: () => readonly Point[], onPoint: (chart: uPlot, at: number | null | undefined) => void }} options
 * @returns {Omit<uPlot.Options, "width" | "height">}
 */
function optionsOf({ unit, points, onPoint }) {
  const { fontFamily, fontSize } = getComputedStyle(document.body);
  const font = `${Math.round(parseFloat(fontSize) * 0.8)}px ${fontFamily}`;
  const [accent, quiet, line] = [
    colour("--accent"),
    colour("--quiet"),
    colour("--line"),
  ];
  const bar = uPlot.paths.bars?.({
    size: [0.75, 48],
    align: 1,
    radius: 0.15,
  });
  const partOf = () =>
    ((points()[1]?.at ?? 0) - (points()[0]?.at ?? 0)) / 1_000;
  /** @type {uPlot.Series.PathBuilder} */
  const steps = (drawn, series, first, last) => {
    const stroke = new Path2D();
    const x = (/** @type {number} */ at) => drawn.valToPos(at, "x", true);
    let before = false;
    for (let n = first; n <= last; n++) {
      const at = drawn.data[0][n] ?? 0;
      const value = drawn.data[series]?.[n] ?? null;
      if (value !== null) {
        const y = drawn.valToPos(value, "y", true);
        if (before) stroke.lineTo(x(at), y);
        else stroke.moveTo(x(at), y);
        stroke.lineTo(x(at + partOf()), y);
      }
      before = value !== null;
    }
    return { stroke };
  };
  const axis = { stroke: quiet, font, ticks: { show: false } };
  return {
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      // The part under the pointer, and not the one whose start is next to it.
      dataIdx: (drawn, series, index) => {
        const left = drawn.cursor.left ?? -1;
        const start = drawn.valToPos(drawn.data[0][index] ?? 0, "x");
        return series > 0 && left < start && index > 0 ? index - 1 : index;
      },
    },
    scales: {
      x: {
        time: true,
        range: () => [
          (points()[0]?.at ?? 0) / 1_000,
          (points().at(-1)?.at ?? 0) / 1_000 + partOf(),
        ],
      },
      y: { range: (_, __, max) => [0, roundUp(max ?? 0)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 72,
        values: (_, splits) => splits.map((at) => clockMinute(at * 1_000)),
      },
      {
        ...axis,
        grid: { stroke: line, width: 1 },
        size: AXIS_PX,
        space: 56,
        values: (_, splits) => splits.map(unit),
      },
    ],
    series: [
      {},
      {
        stroke: quiet,
        width: 1.25,
        alpha: 0.7,
        points: { show: false },
        paths: steps,
      },
      {
        fill: accent,
        width: 0,
        points: { show: false },
        ...(bar && { paths: bar }),
      },
      {
        stroke: accent,
        width: 1.5,
        dash: [3, 3],
        fill: `color-mix(in srgb, ${accent} 22%, transparent)`,
        points: { show: false },
        ...(bar && { paths: bar }),
      },
    ],
    hooks: {
      setCursor: [(drawn) => onPoint(drawn, drawn.cursor.idxs?.[1])],
    },
  };
}
