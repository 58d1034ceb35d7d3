// Labels that are probably wrong, each with its reason.

import { $, fill, h, say } from "./dom.js";
import { count, percent, provider, shown } from "./format.js";
import { held, tag } from "./tables.js";

let open = () => {};
let waiting = null;

export function setUp(opened) {
  open = opened;
  const release = () => setTimeout(() => { if (!held($("suspects-rows"))) flush(); });
  $("suspects-rows").addEventListener("mouseleave", release);
  $("suspects-rows").addEventListener("focusout", release);
}

function flush() {
  waiting?.();
  waiting = null;
}

/** Show the suspects of an answer; nothing where the bundle has no doubt model. */
export function show(answer, labels, now) {
  $("suspects").hidden = answer.doubted === 0;
  say("suspects-said", `${count(answer.total)} of ${count(answer.doubted)} labels are more likely wrong than right; about ${count(Math.round(answer.expected_wrong))} are wrong in all.`);
  waiting = () => fill($("suspects-rows"), rows(answer.suspects, labels));
  if (now || !held($("suspects-rows"))) flush();
}

function rows(suspects, labels) {
  if (suspects.length === 0) return [h("tr", {}, h("td", { colspan: 6, class: "hint" }, "No label is more likely wrong than right."))];
  return suspects.map((one) => h(
    "tr", {},
    h("td", {}, h("button", { class: "link", type: "button", "data-key": one.id, "aria-haspopup": "dialog", title: shown(one.id), onclick: () => open(one.id) }, shown(one.id))),
    h("td", {}, tag(one.label, labels)),
    h("td", {}, tag(one.suggested, labels)),
    h("td", { class: "wide" }, provider(one.provider)),
    h("td", { class: "right" }, percent(one.doubt)),
    h("td", { class: "reason hint" }, sentence(one.why)),
  ));
}

/** The API's reason as a sentence. */
const sentence = (why) => `${why[0].toUpperCase()}${why.slice(1)}.`;
