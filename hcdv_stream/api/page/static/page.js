// The page: follows the events, asks for one state at a time, and hands the answers to its parts.

import { Problem, ask, follow, useKey } from "./api.js";
import * as badge from "./badge.js";
import { $, announce, say } from "./dom.js";
import { count, moment, percent, score, seconds } from "./format.js";
import * as diverging from "./diverging.js";
import * as latency from "./latency.js";
import * as spread from "./spread.js";
import * as suspects from "./suspects.js";
import * as tables from "./tables.js";
import * as tree from "./tree.js";
import * as truncated from "./truncated.js";
import * as weights from "./weights.js";
import * as why from "./why.js";

const INTERVAL = 1; // least seconds between two updates of the page
const MOST_DRAWN = 1000; // coalitions in the picture: more take too long to draw every second
const SUSPECTS = 8; // rows of the list of wrong labels
const main = $("main");
const corpus = { unit: 1, labels: [], total: 0, examples: 0 };
let shown = 8; // rows of a list of examples
let newest = null; // the state to show, by name
let answers = null; // the last ones, to be drawn again in other colours
let busy = false;
let wanted = null;

/** Show the newest state; `urgent`: somebody has asked for it and waits. */
async function refresh(urgent = false) {
  wanted = { urgent: urgent || (wanted?.urgent ?? false) };
  if (busy) return;
  busy = true;
  while (wanted) {
    const { urgent: now } = wanted;
    wanted = null;
    if (!now && newest !== null && answers?.summary.as_of.view === newest) continue;
    try {
      const got = await everything();
      if (wanted?.urgent) continue; // it was asked for with what has changed since
      answers = got;
      display(now);
    } catch (problem) {
      await failed(problem);
    }
  }
  busy = false;
}

async function everything() {
  const summary = await ask("summary", { ...weights.weights(), at: newest });
  const asked = { ...weights.weights(), at: summary.as_of.view };
  const coalition = tree.place();
  const examples = (order) => ask("examples", { ...asked, coalition, order, limit: shown });
  const unit = summary.total > 0 ? summary.total / summary.examples : 1 / Math.max(summary.examples, 1);
  const [branch, top, bottom, doubted, providers, values] = await Promise.all([
    ask("tree", { ...asked, root: coalition, depth: 16, limit: Math.ceil(MOST_DRAWN / summary.partitions.length) }),
    examples("desc"),
    examples("asc"),
    ask("suspects", { ...asked, limit: SUSPECTS }),
    ask("providers", { ...asked, limit: 100 }),
    distribution(asked, unit),
  ]);
  return { summary, branch, top, bottom, doubted, providers, values, unit };
}

/** Ask again with wider bounds until nearly all values lie within. */
async function distribution(asked, unit) {
  for (let tries = 0; ; tries += 1) {
    const values = await ask("distribution", { ...asked, ...spread.edges(unit) });
    if (spread.fits(values) || tries === 12) return values;
  }
}

function display(now = false) {
  const { summary, branch, top, bottom, doubted, providers, values, unit } = answers;
  const labels = summary.classes.map((one) => one.label);
  Object.assign(corpus, { unit, labels, total: summary.total, examples: summary.examples });
  weights.shown(summary.weights, labels);
  figures(summary, values);
  truncated.show(summary.as_of.corpus);
  diverging.show(summary.diverging);
  tree.knowRoots(summary.partitions.map((one) => one.root));
  main.setAttribute("aria-busy", "false");
  main.dataset.empty = "false";
  $("notice").hidden = true;
  tree.show(branch, unit);
  spread.show(values, unit);
  latency.show();
  tables.examples("top-rows", top, unit, labels, now);
  tables.examples("bottom-rows", bottom, unit, labels, now);
  suspects.show(doubted, labels, now);
  tables.providers(providers, unit);
  const where = tree.place() === "" ? "" : `in ${tree.named(tree.place())}`;
  for (const element of document.querySelectorAll("[data-where]")) element.textContent = where;
  $("more").hidden = shown >= 100 || top.examples.length < shown;
  const others = summary.left_out.map((one) => `partition ${one.partition} since ${moment(one.since)}`);
  const elsewhere = others.length ? ` Left out, because another worker has it: ${others.join(", ")}.` : "";
  say("foot-view", `State ${summary.as_of.view}, bundle ${summary.bundle.slice(0, 12)}.${elsewhere}`);
  main.dataset.view = summary.as_of.view;
}

function figures(summary, values) {
  say("figure-examples", count(summary.examples));
  say("figure-classes", summary.classes.map((one) => `${one.label} ${count(one.examples)}`).join(", "));
  say("figure-value", score(summary.value));
  const negative = values.negative.reduce((sum, one) => sum + one, 0);
  say("figure-negative", count(negative));
  say("figure-negative-share", summary.examples ? `${percent(negative / summary.examples)} of the examples` : "");
  say("figure-leaves", count(summary.leaves));
  const parts = summary.partitions.length;
  const groups = `leaves in ${count(summary.nodes)} group${summary.nodes === 1 ? "" : "s"}`;
  const gone = summary.left_out.map((one) => one.partition).join(", ");
  say("figure-tree", `${groups}${parts > 1 ? `, ${count(parts)} partitions` : ""}${gone && `, without partition${summary.left_out.length > 1 ? "s" : ""} ${gone}`}`);
  const last = latency.latest();
  say("figure-latency", last === undefined ? "–" : seconds(last));
}

async function failed(problem) {
  if (!(problem instanceof Problem)) throw problem;
  if (problem.status === 410) { // the state is not kept any more: take the newest
    newest = null;
    refresh();
  } else if (problem.status === 404 && tree.place() !== "") {
    announce(`${tree.named(tree.place())} is not there any more: it was merged or split`);
    tree.go("");
  } else if (problem.status === 401 || problem.status === 403) {
    await askForKey(problem);
  } else if (problem.status === 422) { // an address with weights that do not fit
    notice(problem.title, problem.message);
  } else {
    badge.lost(problem.status === 503 ? "waiting" : "lost");
    if (answers === null) notice(problem.title, `${problem.message}.`);
  }
}

function notice(title, detail) {
  $("notice").hidden = false;
  say("notice-title", title);
  say("notice-detail", detail);
  main.dataset.empty = String(answers === null);
  main.setAttribute("aria-busy", "false");
}

let asking = null;

function askForKey(problem) {
  asking ??= new Promise((resolve) => {
    if (problem.status === 403) say("key-detail", `The key does not do: ${problem.message}.`);
    $("key").showModal();
    $("key").addEventListener("close", resolve, { once: true });
  }).then(() => {
    asking = null;
    if ($("key-secret").value) useKey($("key-secret").value.trim());
    say("key-detail", "That key was not accepted. A key is kept in this tab alone, until you close it.");
    refresh(true);
  });
  return asking;
}

function setUp() {
  badge.setUp();
  const reweighed = () => { spread.forget(); refresh(true); };
  weights.setUp(reweighed);
  tree.setUp(() => refresh(true));
  const open = (id) => why.open(id, () => corpus, failed);
  tables.setUp(open);
  suspects.setUp(open);
  $("find").addEventListener("submit", (event) => {
    event.preventDefault();
    open($("find-id").value.trim());
  });
  $("more").addEventListener("click", () => {
    shown = Math.min(4 * shown, 100);
    refresh(true);
  });
  document.addEventListener("themechange", () => { if (answers) display(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  $("why").addEventListener("click", (event) => { if (event.target === $("why")) $("why").close(); });
}

setUp();
refresh(true);
ask("updates").then(latency.begin).catch(() => {});
follow({
  interval: INTERVAL,
  onupdate: (event) => {
    newest = event.as_of.view;
    badge.updated(event);
    latency.add(event);
    if (!document.hidden) refresh();
  },
  onfreshness: badge.refreshed,
  onlost: failed,
});
