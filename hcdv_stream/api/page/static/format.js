// Numbers, times and names as people read them.

const whole = new Intl.NumberFormat("en");
const digits = (count) => new Intl.NumberFormat("en", { minimumFractionDigits: count, maximumFractionDigits: count });
const [none, one, two, three] = [0, 1, 2, 3].map(digits);

const signed = (text) => text.replace("-", "−");

export const count = (number) => whole.format(number);
export const score = (number) => signed(three.format(number));
export const percent = (share) => (share === null ? "–" : signed(`${one.format(100 * share)} %`));

/** A value next to the average example's: 1.4×. */
export function times(ratio) {
  const size = Math.abs(ratio);
  const text = (size >= 9.95 ? none : size >= 2.995 ? one : two).format(ratio);
  return `${signed(text === "-0.00" ? "0.00" : text)}×`;
}

/** The same for round numbers: 4×. */
export const plainTimes = (ratio) => `${signed(String(Number(ratio.toPrecision(3))))}×`;

/** Small numbers in full: 4.87·10⁻⁵. */
export function exact(number) {
  if (number === 0) return "0";
  const [mantissa, exponent] = number.toExponential(2).split("e");
  const raised = [...String(Number(exponent))].map((letter) => (letter === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[letter])).join("");
  return signed(`${mantissa}·10${raised}`);
}

export function seconds(duration) {
  if (duration < 1) return `${whole.format(Math.round(1000 * duration))} ms`;
  if (duration < 10) return `${one.format(duration)} s`;
  if (duration < 120) return `${none.format(duration)} s`;
  if (duration < 7200) return `${none.format(duration / 60)} min`;
  if (duration < 172800) return `${none.format(duration / 3600)} h`;
  return `${none.format(duration / 86400)} days`;
}

export const moment = (epoch) =>
  new Date(1000 * epoch).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** Text of a stranger: a mark of direction would make it look like another, so it is spelled out. */
export const shown = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) => `\\u{${mark.codePointAt(0).toString(16)}}`);

export const provider = (name) => (name === null || name === undefined ? "no provider" : shown(name));

/** "p0-n4" is Group 4 of partition 0; `roots` are the groups that are whole partitions. */
export function coalition(id, roots = new Set()) {
  if (id === "") return "All examples";
  const [, partition, kind, number] = /^p(\d+)-([ln])(\d+)$/.exec(id);
  if (roots.has(id)) return `Partition ${partition}`;
  return `${kind === "l" ? "Leaf" : "Group"} ${number}`;
}
