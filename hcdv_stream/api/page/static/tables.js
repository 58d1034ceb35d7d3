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

/** Show points of a list; `now`: even where somebody points at it. */
export function examples(id, answer, unit, labels, now) {
  waiting.set(id, () => fill($(id), rows(answer.points, unit, labels)));
  if (now || !held($(id))) flush(id);
}

function rows(points, unit, labels) {
  if (points.length === 0) return [h("tr", {}, h("td", { colspan: 5, class: "hint" }, "No example here."))];
  return points.map((point) => {
    const ratio = point.value / unit;
    return h(
      "tr", {},
      h("td", { class: "rank hint" }, count(point.rank)),
      h("td", {}, h("button", { class: "link", type: "button", "data-key": point.id, "aria-haspopup": "dialog", title: shown(point.id), onclick: () => open(point.id) }, shown(point.id))),
      h("td", {}, tag(point.label, labels)),
      h("td", { class: "wide" }, provider(point.provider)),
      h("td", { class: ratio < 0 ? "right negative" : "right" }, times(ratio)),
    );
  });
}

export const tag = (label, labels) => h("span", { class: "tag", style: { "--of": classColour(labels.indexOf(label)) } }, label);

export function providers(answer, unit) {
  fill(
    $("providers-rows"),
    answer.providers.map((one) => {
      const ratio = one.value / one.points / unit;
      const part = `${100 * Math.min(Math.max(one.share ?? 0, 0), 1)}%`;
      return h(
        "tr", {},
        h("td", { title: provider(one.provider) }, provider(one.provider)),
        h("td", { class: "right wide" }, count(one.points)),
        h("td", {}, h("div", { class: "meter", style: { "--part": part } }, h("i"), h("span", {}, percent(one.share)))),
        h("td", { class: ratio < 0 ? "right negative" : "right" }, times(ratio)),
        h("td", { class: "right" }, percent(one.mean_doubt)),
      );
    }),
  );
}
