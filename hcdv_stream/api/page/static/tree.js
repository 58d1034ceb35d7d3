// The tree of coalitions: a sunburst whose colours are values per example, and the same as a list.
//
// Rings keep their order while sizes change, so the picture moves no more than the stream does.

import { $, fill, h, say } from "./dom.js";
import { colour, draw, rounded } from "./draw.js";
import { coalition, count, percent, plainTimes, times } from "./format.js";

let root = ""; // the coalition in the middle; "": everything
let bound = null; // of the colours
let roots = new Set();
const only = (id) => roots.size === 1 && roots.has(id); // the one partition is everything
let zoom = () => {};
let listening = false;
let rendered = ""; // the coalition in the middle, by its own id
const key = (id) => (id === "" ? "all" : id);
let outward = ""; // where a click on the middle leads

export const place = () => root;
export const named = (id) => coalition(only(id) ? "" : id, roots);
export const knowRoots = (ids) => { roots = new Set(ids); };

export function setUp(changed) {
  zoom = (id) => {
    root = only(id) ? "" : id;
    changed();
  };
}

export const go = (id) => zoom(id);

/** Draw; `unit` is the average value of an example. */
export function show(answer, unit) {
  const rows = answer.ids.map((id, place) => ({
    id,
    parent: answer.parents[place] ?? "",
    children: answer.children[place],
    examples: answer.examples[place],
    classes: answer.classes[place],
    value: answer.values[place],
  }));
  if (root === "" && roots.size !== 1) rows.unshift(everything(rows.filter((row) => row.parent === "")));
  const [top] = rows;
  for (const row of rows) row.ratio = row.examples ? row.value / row.examples / unit : 0;
  const drawn = rows.filter((row) => row.examples > 0 || row === top);
  widen(drawn);
  crumbs(answer.path, top);
  list(rows.filter((row) => row.parent === top.id && row !== top), top);
  const parents = new Set(rows.map((row) => row.parent));
  $("tree-deeper").hidden = rows.every((row) => row.children === 0 || parents.has(row.id));
  say("tree-said", summary(drawn, top));
  sunburst(drawn, top, answer.labels);
}

function everything(tops) {
  const sum = (key) => tops.reduce((total, row) => total + row[key], 0);
  const classes = (tops[0]?.classes ?? []).map((_, place) => tops.reduce((total, row) => total + row.classes[place], 0));
  return { id: "", parent: null, children: tops.length, examples: sum("examples"), value: sum("value"), classes };
}

/** Bounds of the colours follow the values in steps, so colours do not flicker. */
function widen(rows) {
  const sizes = rows.filter((row) => row.examples).map((row) => Math.abs(row.ratio - 1)).sort((a, b) => a - b);
  const wanted = Math.max(sizes[Math.floor(0.97 * (sizes.length - 1))] ?? 1, 1);
  if (bound === null || wanted > bound || wanted < 0.45 * bound) bound = rounded(1.05 * wanted);
  say("legend-low", plainTimes(1 - bound));
  say("legend-high", plainTimes(1 + bound));
}

/** Colours run from the average, 1, both ways, finer near it. */
const bend = (ratio) => Math.sign(ratio - 1) * Math.sqrt(Math.abs(ratio - 1));

function sunburst(rows, top, labels) {
  const element = $("tree");
  rendered = top.id;
  const depths = new Map([[top.id, 0]]);
  for (const row of rows) if (row !== top) depths.set(row.id, (depths.get(row.parent) ?? 0) + 1);
  const trace = {
    type: "sunburst",
    ids: rows.map((row) => key(row.id)),
    labels: rows.map((row) => named(row.id)),
    parents: rows.map((row) => (row === top ? "" : key(row.parent))),
    values: rows.map((row) => row.examples),
    text: rows.map((row) => (depths.get(row.id) < 2 ? `${named(row.id)}<br>${times(row.ratio)}` : "")),
    hovertext: rows.map((row) => hover(row, labels)),
    hoverinfo: "text",
    textinfo: "text",
    branchvalues: "total",
    sort: false,
    rotation: 90,
    insidetextorientation: "horizontal",
    leaf: { opacity: 1 },
    marker: {
      colors: rows.map((row) => bend(row.ratio)),
      colorscale: [[0, colour("low")], [0.5, colour("middle")], [1, colour("high")]],
      cmin: -Math.sqrt(bound),
      cmax: Math.sqrt(bound),
      line: { color: colour("card"), width: rows.length > 200 ? 0.3 : 1 },
    },
  };
  draw(element, [trace], { margin: { l: 0, r: 0, t: 4, b: 4 }, uniformtext: { minsize: 11, mode: "hide" } }).then(() => {
    if (listening || !element.on) return;
    listening = true;
    element.on("plotly_sunburstclick", (event) => {
      const id = event.points[0].id;
      if (id !== key(rendered)) zoom(id === "all" ? "" : id);
      else if (root !== "") zoom(outward);
      return false; // Plotly's own zoom would know only what is drawn
    });
  });
}

function hover(row, labels) {
  const classes = labels.map((label, place) => `${label}: ${count(row.classes[place])}`).join(", ");
  const inside = row.children ? `${count(row.children)} coalitions inside` : "a leaf";
  return `<b>${named(row.id)}</b><br>${count(row.examples)} examples (${classes})<br>${times(row.ratio)} the average example<br>${inside}`;
}

function crumbs(path, top) {
  const way = root === "" ? [] : ["", ...path.filter((id) => !only(id))];
  outward = way.at(-1) ?? "";
  fill($("crumbs"), [
    ...way.map((id) => h("li", {}, h("button", { class: "link", type: "button", "data-key": `crumb ${id}`, onclick: () => go(id) }, named(id)))),
    h("li", { "aria-current": "location" }, named(top.id)),
  ]);
}

function list(rows, top) {
  const sorted = [...rows].sort((a, b) => b.ratio - a.ratio);
  const empty = h("tr", {}, h("td", { colspan: 3, class: "hint" }, top.children ? "Too many to draw here." : "A leaf: its examples are listed below."));
  fill($("tree-rows"), sorted.length ? sorted.map(row) : [empty]);
}

function row(one) {
  return h(
    "tr", {},
    h("td", {}, h("button", { class: "link", type: "button", "data-key": one.id, onclick: () => go(one.id) }, named(one.id))),
    h("td", { class: "right" }, count(one.examples)),
    h("td", { class: one.ratio < 0 ? "right negative" : "right" }, times(one.ratio)),
  );
}

function summary(rows, top) {
  const negative = rows.filter((row) => row.ratio < 0);
  const share = percent(negative.length / rows.length);
  return `${named(top.id)}: ${count(top.examples)} examples, each worth ${times(top.ratio)} the average. ${count(rows.length)} coalitions shown, of which ${count(negative.length)} (${share}) are worth less than nothing. The list below has the same figures.`;
}
