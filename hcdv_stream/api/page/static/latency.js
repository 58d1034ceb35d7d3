// How long updates took from their newest session's arrival to their write.

import { $, say } from "./dom.js";
import { axis, colour, draw, timeAxis } from "./draw.js";
import { seconds } from "./format.js";

const MOST = 240;
let updates = []; // {at, latency}, oldest first

export function begin(answer) {
  const known = answer.updates.map((one) => ({ at: one.written_at, latency: one.latency }));
  const last = known.at(-1)?.at ?? 0;
  updates = [...known, ...updates.filter((one) => one.at > last)];
}

export function add(event) {
  if (updates.at(-1)?.at >= event.written_at) return;
  updates = [...updates, { at: event.written_at, latency: event.latency }].slice(-MOST);
}

export const latest = () => updates.at(-1)?.latency;

export function show() {
  const recent = recentRun();
  const sizes = recent.map((one) => one.latency).sort((a, b) => a - b);
  const top = Math.max(...sizes, 0.05);
  const trace = {
    type: "scatter",
    mode: recent.length < 60 ? "lines+markers" : "lines",
    x: recent.map((one) => new Date(1000 * one.at)),
    y: recent.map((one) => one.latency),
    line: { color: colour("high"), width: 1.5 },
    marker: { color: colour("high"), size: 5 },
    hovertemplate: "%{x|%H:%M:%S}: %{y:.3f} s<extra></extra>",
  };
  const [from, to] = recent.length ? [recent[0].at, recent.at(-1).at] : [0, 0];
  draw($("latency"), [trace], {
    margin: { l: 52, r: 8, t: 8, b: 32 },
    xaxis: timeAxis(from, to),
    yaxis: axis({ range: [0, 1.15 * top], ticksuffix: " s", nticks: 4 }),
  });
  const middle = sizes[Math.floor(sizes.length / 2)];
  say("latency-said", sizes.length ? `${sizes.length} updates; half of them took at most ${seconds(middle)}, the longest ${seconds(top)}.` : "No update yet.");
}

/** What came before a pause of ten minutes is another run: on one axis neither could be read. */
function recentRun() {
  let start = updates.length - 1;
  while (start > 0 && updates[start].at - updates[start - 1].at < 600) start -= 1;
  return updates.slice(Math.max(start, 0));
}
