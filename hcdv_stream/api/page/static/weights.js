// The switches: utility, β and λ. They begin as the API is configured.

import { $, announce, h, say } from "./dom.js";

const names = { utility: "utility", beta: "beta", lambda: "lambda" };
let chosen = {}; // only what differs from the configuration
let usual = null;

/** What to ask with. */
export const weights = () => ({ ...chosen });

export function setUp(changed) {
  const search = new URLSearchParams(location.search);
  for (const name of Object.values(names)) if (search.has(name)) chosen[name] = search.get(name);
  let timer;
  $("weights").addEventListener("input", (event) => {
    chosen[event.target.id] = event.target.value;
    showValues();
    clearTimeout(timer);
    timer = setTimeout(() => { remember(); changed(); }, 60);
  });
  $("weights").addEventListener("reset", (event) => {
    event.preventDefault();
    chosen = {};
    if (usual) put(usual);
    remember();
    changed();
    announce("Values are weighed as configured");
  });
  $("weights").addEventListener("submit", (event) => event.preventDefault());
}

/** Show what an answer was weighed with. */
export function shown(used, labels) {
  $("weights-fields").hidden = used === null;
  $("weights-fixed").hidden = used !== null;
  if (used === null) return;
  const choices = ["balanced", "accuracy", ...labels.map((label) => `class:${label}`)];
  const select = $("utility");
  if (select.dataset.choices !== choices.join("\n")) {
    select.dataset.choices = choices.join("\n");
    select.replaceChildren(...choices.map((choice) => h("option", { value: choice }, title(choice))));
    put({ ...used, ...chosen });
  }
  if (Object.keys(chosen).length === 0) {
    usual = used;
    put(used);
  }
  $("weights-reset").disabled = Object.keys(chosen).length === 0;
}

function title(choice) {
  if (choice === "balanced") return "Balanced: every class alike";
  if (choice === "accuracy") return "Accuracy: every example alike";
  return `Class “${choice.slice(6)}” alone`;
}

function put(values) {
  for (const name of Object.values(names)) {
    const control = $(name);
    if (name === "lambda") control.max = Math.max(1, Number(values[name]));
    if (document.activeElement !== control || chosen[name] === undefined) control.value = values[name];
  }
  showValues();
}

function showValues() {
  say("beta-shown", Number($("beta").value).toFixed(2));
  say("lambda-shown", Number($("lambda").value).toFixed(2));
}

/** Keep the choice in the address, so that it can be sent to somebody. */
function remember() {
  const query = new URLSearchParams(chosen).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
}
