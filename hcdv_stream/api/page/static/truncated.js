// The banner of a truncated corpus: which partitions lack the beginning of their log.

import { $, say } from "./dom.js";
import { count } from "./format.js";

export function show(corpus) {
  const starts = Object.entries(corpus.begins_at).filter(([, offset]) => offset !== 0);
  const parts = starts.map(([partition, offset]) =>
    offset === null ? `partition ${partition} at an unknown offset` : `partition ${partition} at offset ${count(offset)}`);
  $("truncated").hidden = corpus.complete;
  say("truncated", corpus.complete ? "" : `Truncated corpus: examples from the beginning of the log are missing. It begins in ${parts.join(", ")}. Do not pay by these values.`);
}
