// How values are spread, class by class.

import { $, say } from "./dom.js";
import { axis, classColour, colour, draw, rounded } from "./draw.js";
import { percent, times } from "./format.js";

export const BINS = 72;
let bounds = { low: -2, high: 6 }; // in average examples

/** Edges to ask for; `unit` is the average value of an example. */
export const edges = (unit) => ({ low: bounds.low * unit, high: bounds.high * unit, bins: BINS });

/** Bring the bounds nearer to what was answered; true: ask again. */
export function fits(answer) {
  const sizes = answer.counts.map((bins, place) => total(bins) + answer.below[place] + answer.above[place]);
  const beyond = (counts) => Math.max(...counts.map((one, place) => (sizes[place] ? one / sizes[place] : 0)));
  let moved = false;
  if (beyond(answer.above) > 0.02 && bounds.high < 1e6) { bounds.high = rounded(1.5 * bounds.high); moved = true; }
  if (beyond(answer.below) > 0.02 && bounds.low > -1e6) { bounds.low = -rounded(-1.5 * bounds.low); moved = true; }
  return !moved;
}

/** Begin again with usual bounds: other weights, other spread. */
export function forget() {
  bounds = { low: -2, high: 6 };
}

const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

export function show(answer, unit) {
  const middles = answer.edges.slice(1).map((edge, place) => (edge + answer.edges[place]) / 2 / unit);
  const width = (bounds.high - bounds.low) / BINS;
  const traces = answer.labels.map((label, place) => {
    const size = total(answer.counts[place]) + answer.below[place] + answer.above[place];
    return {
      type: "scatter",
      mode: "lines",
      name: label,
      x: middles,
      y: answer.counts[place].map((one) => (size ? one / size : 0)),
      line: { color: classColour(place), width: 2, shape: "hvh" },
      fill: "tozeroy",
      hovertemplate: `${label}: %{y:.1%} of its examples<br>around %{x:.2f}× the average<extra></extra>`,
    };
  });
  for (const trace of traces) trace.fillcolor = faded(trace.line.color);
  draw($("spread"), traces, {
    showlegend: true,
    legend: { orientation: "h", x: 1, xanchor: "right", y: 1, yanchor: "top", itemclick: false, itemdoubleclick: false, title: { text: "" } },
    margin: { l: 44, r: 8, t: 8, b: 32 },
    hovermode: "closest",
    xaxis: axis({ range: [bounds.low - width, bounds.high + width], ticksuffix: "×", nticks: 8 }),
    yaxis: axis({ tickformat: ".0~%", rangemode: "tozero", nticks: 5 }),
    shapes: [{ type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: colour("soft"), width: 1, dash: "dot" } }],
  });
  const parts = answer.labels.map((label, place) => {
    const size = total(answer.counts[place]) + answer.below[place] + answer.above[place];
    return `${label}: ${size ? percent(answer.negative[place] / size) : "none"} worth less than nothing`;
  });
  say("spread-said", `Between ${times(bounds.low)} and ${times(bounds.high)} the average. ${parts.join("; ")}.`);
}

function faded(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},0.16)`;
}
