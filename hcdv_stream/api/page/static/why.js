// One example: why it is worth what it is.

import { ask } from "./api.js";
import { $, h } from "./dom.js";
import { axis, classColour, colour, draw, timeAxis } from "./draw.js";
import { count, exact, moment, percent, provider, shown, times } from "./format.js";
import { tag } from "./tables.js";
import { go, named } from "./tree.js";
import { weights } from "./weights.js";

const FEW = 10;

/** Open the dialogue; `corpus()` is {unit, labels, total, examples}. */
export async function open(id, corpus, failed) {
  const dialog = $("why");
  const body = $("why-body");
  body.replaceChildren(h("h2", { id: "why-title" }, shown(id)), h("p", { class: "hint", role: "status" }, "Asking…"));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  try {
    const why = await ask("why:get", { id, ...weights(), mates: 200 });
    body.replaceChildren(...content(why, corpus(), (other) => open(other, corpus, failed)));
    past(id, corpus());
  } catch (problem) {
    if (problem.status === 401) { dialog.close(); failed(problem); return; }
    const detail = problem.status === 404 ? `There is no example “${shown(id)}” in the corpus as of now.` : `${problem.title}: ${problem.message}.`;
    body.replaceChildren(h("h2", { id: "why-title" }, shown(id)), h("p", { role: "alert" }, detail));
  }
}

function content(why, corpus, again) {
  const { example } = why;
  const { unit, labels } = corpus;
  return [
    h("h2", { id: "why-title" }, shown(example.id)),
    h(
      "p", { class: "facts" },
      h("span", {}, h("b", {}, tag(example.label, labels))),
      h("span", {}, "from ", h("b", {}, provider(example.provider))),
      h("span", {}, moment(example.event_time)),
    ),
    h(
      "p", { class: "facts number" },
      h("span", {}, "worth ", h("b", { class: example.value < 0 ? "negative" : "", "data-value": example.value }, `${times(example.value / unit)} the average`)),
      h("span", {}, `${exact(example.value)} ± ${exact(example.stderr)}`),
      h("span", {}, `rank ${count(example.rank)} of ${count(corpus.examples)}`),
      doubt(example),
    ),
    h("p", { class: "verdict" }, verdict(why)),
    ...parts(why, unit, labels),
    ...neighbours(why, unit, labels, again),
    ...way(why, unit),
    h("h3", {}, "Its value over time"),
    h("div", { class: "chart past", id: "why-past", role: "img", "aria-label": "Its value over time" }),
    h("p", { class: "hint", id: "why-past-said" }),
  ];
}

/** How likely its label is wrong, and which would be right. */
function doubt({ doubt: share, suggested }) {
  if (share === null) return null;
  const rather = share > 0.5 ? `, it is rather “${suggested}”` : "";
  return h("span", {}, `doubt of its label ${percent(share)}${rather}`);
}

/** The main reason in a sentence. */
function verdict({ example, evaluated, mates }) {
  const near = mates.slice(0, 5);
  const alike = near.filter((mate) => mate.label === example.label).length;
  const some = alike === 0 ? "None" : alike === near.length ? "All" : String(alike);
  const verb = alike < 2 ? "carries" : "carry";
  const around = near.length ? `${some} of its ${near.length} nearest neighbours ${verb} its label, “${example.label}”.` : "It is alone in its leaf.";
  const sign = Math.sign(example.value);
  const [main] = evaluated.filter((one) => Math.sign(one.value) === sign).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  if (!main || sign === 0) return around;
  const who = `${main.kind === "trusted" ? "trusted evaluators" : "peers"} of class “${main.label}”`;
  return `${around} ${sign > 0 ? "Most of its worth comes from" : "Most of its harm is done to"} ${who}.`;
}

function parts({ evaluated, contrast, example }, unit, labels) {
  if (evaluated.length === 0) return [h("p", { class: "hint" }, "This state was played as printed (algorithm1), which keeps no parts of a value.")];
  const rows = [
    ...evaluated.map((one) => ({
      name: `${one.kind === "trusted" ? "Trusted" : "Peers"}, “${one.label}”`,
      hint: `${count(one.evaluators)} of ${count(one.of)} in its leaf`,
      value: one.value,
      of: classColour(labels.indexOf(one.label)),
    })),
    { name: "Contrast", hint: "its distance to other classes", value: contrast, of: colour("soft") },
  ];
  const most = Math.max(...rows.map((row) => Math.abs(row.value)), 1e-300);
  const bar = (row) => {
    const size = (50 * Math.abs(row.value)) / most;
    return h("span", { class: "bar", "aria-hidden": "true" }, h("i", { style: { "--of": row.of, "--size": `${size}%`, "--from": `${row.value < 0 ? 50 - size : 50}%` } }));
  };
  return [
    h("h3", {}, "Who evaluated it"),
    h(
      "ul", { class: "parts", id: "why-parts" },
      ...rows.map((row) => h(
        "li", {},
        h("span", {}, row.name, " ", h("span", { class: "hint" }, row.hint)),
        h("span", { class: row.value < 0 ? "right negative" : "right", "data-part": row.value }, times(row.value / unit)),
        bar(row),
      )),
      h("li", { class: "sum" }, h("span", {}, "Together"), h("span", { class: "right" }, times(example.value / unit))),
    ),
    h("p", { class: "hint" }, "Trusted evaluators are counted, not named: who they are is in the model bundle, not in the state. Its own provider’s examples are among the peers counted, but do not judge it unless HCDV_PEERS says so."),
  ];
}

function neighbours({ mates, leaf_examples: size, example }, unit, labels, again) {
  const body = h("tbody", { id: "why-mates" }, ...mates.slice(0, FEW).map((mate) => neighbour(mate, example, unit, labels, again)));
  const rest = mates.slice(FEW);
  const button = rest.length === 0 ? null : h(
    "button",
    { type: "button", onclick: (event) => { body.append(...rest.map((mate) => neighbour(mate, example, unit, labels, again))); event.target.remove(); body.rows[FEW].querySelector("button").focus(); } },
    `Show all ${count(mates.length)}`,
  );
  return [
    h("h3", {}, "Nearest neighbours in its leaf"),
    h("p", { class: "hint" }, `${count(size)} examples are in this leaf. As peers they judge it: what each gives is its part of the value above.`),
    h(
      "table", {},
      h("thead", {}, h("tr", {}, ...[["Example", ""], ["Label", ""], ["Provider", "wide"], ["Distance", "right wide"], ["Gives it", "right"]].map(([title, kind]) => h("th", { scope: "col", class: kind }, title)))),
      body,
    ),
    h("p", { class: "below" }, button),
  ];
}

function neighbour(mate, example, unit, labels, again) {
  const gives = mate.gives === null
    ? h("span", { class: "hint" }, mate.provider !== null && mate.provider === example.provider ? "own provider" : "–")
    : times(mate.gives / unit);
  return h(
    "tr", {},
    h("td", {}, h("button", { class: "link", type: "button", onclick: () => again(mate.id) }, shown(mate.id))),
    h("td", {}, tag(mate.label, labels)),
    h("td", { class: "wide" }, provider(mate.provider)),
    h("td", { class: "right wide" }, mate.distance.toFixed(4)),
    h("td", { class: mate.gives < 0 ? "right negative" : "right" }, gives),
  );
}

function way({ path }, unit) {
  const step = (one) => h(
    "li", {},
    h("button", { class: "link", type: "button", onclick: () => { $("why").close(); go(one.id); $("tree-title").scrollIntoView({ block: "start" }); } }, named(one.id)),
    h("span", { class: "right hint" }, `${count(one.examples)} examples`),
    h("span", { class: one.value < 0 ? "right negative" : "right" }, `${times(one.value / one.examples / unit)}`),
  );
  return [
    h("h3", {}, "Where it belongs"),
    h("p", { class: "hint" }, "From all examples of its partition down to its leaf, with the value of each example there."),
    h("ol", { class: "way", id: "why-path" }, ...path.map(step)),
  ];
}

async function past(id, { total, unit }) {
  const element = $("why-past");
  const { history } = await ask("history:get", { id, ...weights() }).catch(() => ({ history: [] }));
  if (!element.isConnected) return;
  const scale = total > 0 ? total : 1;
  const said = history.length > 1
    ? "Next to the average example, as the corpus grew: from the states that this API keeps."
    : "One state is kept so far: come back when more updates came.";
  $("why-past-said").textContent = said;
  if (history.length < 2) { element.remove(); return; }
  const trace = {
    type: "scatter", mode: "lines+markers",
    x: history.map((one) => new Date(1000 * one.written_at)),
    y: history.map((one) => (one.value * one.examples) / scale),
    line: { color: colour("high"), width: 1.5 }, marker: { color: colour("high"), size: 5 },
    hovertemplate: "%{x|%H:%M:%S}: %{y:.2f}×<extra></extra>",
  };
  draw(element, [trace], {
    margin: { l: 48, r: 8, t: 6, b: 26 },
    xaxis: timeAxis(history[0].written_at, history.at(-1).written_at),
    yaxis: axis({ ticksuffix: "×", nticks: 4 }),
  });
}
