// Examples from either end of the ranking, and the providers.

import { $, fill, h } from "./dom.js";
import { classColour } from "./draw.js";
import { count, percent, provider, shown, times } from "./format.js";

let open = () => {};
const waiting = new Map();

export function setUp(opened) {
  open = opened;
  for (const id of ["top-rows", "bottom-rows"]) {
    const release = () => setTimeout(() => { if (!held($(id))) flush(id); });
    $(id).addEventListener("mouseleave", release);
    $(id).addEventListener("focusout", release);
  }
}

/** Nobody should click on what has just moved away. */
export const held = (body) => body.matches(":hover, :focus-within");

function flush(id) {
  waiting.get(id)?.();
  waiting.delete(id);
}

/** Show examples of a list; `now`: even where somebody points at it. */
export function examples(id, answer, unit, labels, now) {
  waiting.set(id, () => fill($(id), rows(answer.examples, unit, labels)));
  if (now || !held($(id))) flush(id);
}

function rows(examples, unit, labels) {
  if (examples.length === 0) return [h("tr", {}, h("td", { colspan: 5, class: "hint" }, "No example here."))];
  return examples.map((example) => {
    const ratio = example.value / unit;
    return h(
      "tr", {},
      h("td", { class: "rank hint" }, count(example.rank)),
      h("td", {}, h("button", { class: "link", type: "button", "data-key": example.id, "aria-haspopup": "dialog", title: shown(example.id), onclick: () => open(example.id) }, shown(example.id))),
      h("td", {}, tag(example.label, labels)),
      h("td", { class: "wide" }, provider(example.provider)),
      h("td", { class: ratio < 0 ? "right negative" : "right" }, times(ratio)),
    );
  });
}

export const tag = (label, labels) => h("span", { class: "tag", style: { "--of": classColour(labels.indexOf(label)) } }, label);

export function providers(answer, unit) {
  fill(
    $("providers-rows"),
    answer.providers.map((one) => {
      const ratio = one.value / one.examples / unit;
      const part = `${100 * Math.min(Math.max(one.share ?? 0, 0), 1)}%`;
      return h(
        "tr", {},
        h("td", { title: provider(one.provider) }, provider(one.provider)),
        h("td", { class: "right wide" }, count(one.examples)),
        h("td", {}, h("div", { class: "meter", style: { "--part": part } }, h("i"), h("span", {}, percent(one.share)))),
        h("td", { class: ratio < 0 ? "right negative" : "right" }, times(ratio)),
        h("td", { class: "right" }, percent(one.mean_doubt)),
      );
    }),
  );
}
