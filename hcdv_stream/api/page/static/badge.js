// The as-of badge: which update the page shows, how old it is, what waits behind it, and whether
// anybody knows.

import { $, announce, say } from "./dom.js";
import { count, seconds } from "./format.js";

const QUIET_SECONDS = 30;
const titles = {
  connecting: "Connecting", live: "Live", quiet: "Quiet", behind: "Behind", unknown: "Unconfirmed", stale: "Stale", waiting: "Waiting for updates", lost: "Connection lost",
};
const beyond = {
  quiet: "nothing new comes in, nothing waits",
  behind: "sessions wait in Kafka and nothing is written: see that the worker runs",
  unknown: "no worker says how current this is: what waits in Kafka is not known",
  stale: "the worker or Kafka has fallen silent, what waits is not known: see that both run",
  lost: "what is shown is the last that came; trying again",
};

let last = null; // the event
let arrived = 0;
let heard = 0; // when the last word on freshness came
let broken = null;

export function updated(event) {
  last = event;
  arrived = performance.now() - 1000 * ageAtSending(event);
  heard = performance.now();
  broken = null;
  const badge = $("badge");
  badge.classList.remove("beat");
  requestAnimationFrame(() => badge.classList.add("beat"));
  show();
}

/** The state is the same, but how current it is has changed. */
export function refreshed(event) {
  if (!last) return;
  last = { ...last, ...event };
  heard = performance.now();
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
  if (last.stale_partitions.length) return "stale";
  if (last.as_of.lag === null) return "unknown";
  if (age < QUIET_SECONDS) return "live";
  return last.as_of.lag > 0 ? "behind" : "quiet";
}

/** Since when the state has been known to hold everything, where it does not any more. */
function behindFor() {
  const { lag, age_seconds: age } = last.as_of;
  if (lag === 0 || age === null) return "";
  return `, up to date ${seconds(age + (performance.now() - heard) / 1000)} ago`;
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
  const stale = last.stale_partitions.length ? `, partition${last.stale_partitions.length > 1 ? "s" : ""} ${last.stale_partitions.join(", ")} stale` : "";
  const waiting = last.as_of.lag === null ? "unknown how many wait" : `${count(last.as_of.lag)} waiting`;
  say("badge-lag", `${waiting}${behindFor()}${stale}${missing}`);
}
