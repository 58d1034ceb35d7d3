// The as-of badge: which update the page shows, how old it is, what waits behind it.

import { $, announce, say } from "./dom.js";
import { count, seconds } from "./format.js";

const QUIET_SECONDS = 30;
const titles = {
  connecting: "Connecting", live: "Live", quiet: "Quiet", stale: "Behind", waiting: "Waiting for updates", lost: "Connection lost",
};
const beyond = {
  quiet: "nothing new comes in, nothing waits",
  stale: "sessions wait in Kafka and nothing is written: see that the worker runs",
  lost: "what is shown is the last that came; trying again",
};

let last = null; // the event
let arrived = 0;
let broken = null;

export function updated(event) {
  last = event;
  arrived = performance.now() - 1000 * ageAtSending(event);
  broken = null;
  const badge = $("badge");
  badge.classList.remove("beat");
  requestAnimationFrame(() => badge.classList.add("beat"));
  show();
}

/** The first event may be old; later ones are told at once, whatever the clocks say. */
function ageAtSending(event) {
  const age = Date.now() / 1000 - event.written_at;
  return age > QUIET_SECONDS ? age : 0;
}

export function lost(state) {
  broken = state;
  show();
}

export function setUp() {
  setInterval(show, 1000);
}

function state(age) {
  if (broken) return broken;
  if (!last) return "connecting";
  if (age < QUIET_SECONDS) return "live";
  return last.as_of.lag > 0 ? "stale" : "quiet";
}

function show() {
  const age = (performance.now() - arrived) / 1000;
  const now = state(age);
  const badge = $("badge");
  if (badge.dataset.state !== now) {
    badge.dataset.state = now;
    announce(beyond[now] ? `${titles[now]}: ${beyond[now]}` : titles[now]);
  }
  badge.title = beyond[now] ?? "The page follows the stream";
  say("badge-state", titles[now]);
  if (!last) return;
  say("badge-update", `update ${count(last.as_of.update)}`);
  say("badge-age", `written ${age < 2 ? "just now" : `${seconds(age)} ago`}`);
  const missing = last.missing_partitions.length ? `, without partition ${last.missing_partitions.join(", ")}` : "";
  say("badge-lag", `${count(last.as_of.lag)} waiting${missing}`);
}
