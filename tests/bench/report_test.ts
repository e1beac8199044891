/** Tests of what is shown of a benchmark's results. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { chartSvg } from "./chart.ts";
import { ratioText, reportJson, reportRows, reportText } from "./report.ts";
import { Collector, type Results } from "./results.ts";

function results(): Results {
  const collector = new Collector();
  collector.begin(
    { id: "produce", title: "Produce", unit: "events/s", decimals: 0 },
    ["this project", "A & B", "broken"],
  );
  for (const value of [90_000, 100_000, 80_000]) {
    collector.add("produce", "this project", value);
  }
  collector.add("produce", "A & B", 10_000);
  collector.voids.push({ what: "produce: broken", reason: "exit code 1" });
  return {
    machine: { Machine: "2 cores" },
    tables: collector.tables,
    leftOut: [{ title: "Python", reason: "needs python3" }],
    voids: collector.voids,
  };
}

Deno.test("reportRows() compares the first row with the others", () => {
  assertEquals(reportRows(results().tables[0]?.rows ?? []), [
    {
      title: "this project",
      runs: 3,
      summary: { median: 90_000, min: 80_000, max: 100_000 },
    },
    {
      title: "A & B",
      runs: 1,
      summary: { median: 10_000, min: 10_000, max: 10_000 },
      firstOverThis: 9,
    },
    { title: "broken", runs: 0 },
  ]);
});

Deno.test("reportRows() compares with nothing where no run of the first row counts", () => {
  assertEquals(
    reportRows([{ title: "a", values: [] }, { title: "b", values: [1] }]),
    [
      { title: "a", runs: 0 },
      { title: "b", runs: 1, summary: { median: 1, min: 1, max: 1 } },
    ],
  );
});

Deno.test("ratioText() shows the digits that count", () => {
  assertEquals([0.8123, 1, 9.876, 160.4, 1012.4].map(ratioText), [
    "0.812 ×",
    "1.0 ×",
    "9.88 ×",
    "160 ×",
    "1,012 ×",
  ]);
});

Deno.test("reportText() shows tables, who is left out, and what does not count", () => {
  assertEquals(
    reportText(results()),
    [
      "Machine: 2 cores",
      "Medians of all rounds, with the lowest and the highest.",
      "",
      "Produce",
      "                     events/s         min – max  first ÷ this",
      "  this project         90,000  80,000 – 100,000",
      "  A & B                10,000   10,000 – 10,000         9.0 ×",
      "  broken        no run counts",
      "",
      "Left out: Python (needs python3)",
      "Does not count: produce: broken: exit code 1",
    ].join("\n"),
  );
});

Deno.test("reportJson() has every measurement", () => {
  const { tables } = JSON.parse(reportJson(results()));
  assertEquals(tables[0].rows[0].values, [90_000, 100_000, 80_000]);
  assertEquals(tables[0].rows[1].firstOverThis, 9);
});

Deno.test("chartSvg() draws bars to scale, and escapes titles", () => {
  const svg = chartSvg(results().tables);
  const widths = [...svg.matchAll(/<rect class="(\w+)".* width="([\d.]+)"/g)]
    .map(([, name, width]) => `${name} ${width}`);
  assertEquals(widths, ["first 396", "other 44"]);
  assertStringIncludes(svg, ">A &amp; B<");
  assertStringIncludes(svg, ">broken<");
});
