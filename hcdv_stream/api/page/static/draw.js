// Plotly in the page's own colours.

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const classColour = (place) => colour(`class-${place % 8}`);

const config = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };

export function draw(element, traces, layout = {}) {
  if (!window.Plotly) {
    element.textContent = "Charts need Plotly.js, which comes with the Python package plotly: pip install plotly.";
    return Promise.resolve();
  }
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("soft") };
  return window.Plotly.react(
    element,
    traces,
    {
      font,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 44, r: 8, t: 8, b: 36 },
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { ...font, color: colour("ink") } },
      dragmode: false,
      showlegend: false,
      ...layout,
    },
    config,
  );
}

export const axis = (more = {}) => ({
  gridcolor: colour("line"),
  linecolor: colour("line"),
  zerolinecolor: colour("soft"),
  zeroline: false,
  fixedrange: true,
  automargin: false,
  ...more,
});

/** An axis of time between two moments, in seconds since the epoch. */
export const timeAxis = (from, to) => {
  const format = to - from > 86_400 ? "%d %b" : to - from > 600 ? "%H:%M" : "%H:%M:%S";
  const around = Math.max(0.04 * (to - from), 2);
  const range = [from - around, to + around].map((at) => new Date(1000 * at));
  const nticks = document.documentElement.clientWidth < 500 ? 3 : 5; // on a phone five run together
  return axis({ type: "date", range, nticks, tickformat: format });
};

/** The next round number from `size` on: bounds that move in steps, and so seldom. */
export function rounded(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * [1, 1.5, 2, 3, 4, 6, 8, 10].find((step) => step * power >= size * 0.9999);
}
