// Asking the API, and following its events. Addresses are relative: any prefix will do.

let secret = sessionStorage.getItem("hcdv-key");

export function useKey(key) {
  secret = key;
  sessionStorage.setItem("hcdv-key", key);
}

/** An answer that is an error: `status` 0 where there was no answer. */
export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

const silence = () => new Problem(0, "The API does not answer", "it may have been stopped, or the network is down");
const cut = () => { throw silence(); };

async function request(path, parameters, options) {
  const query = new URLSearchParams(
    Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== ""),
  );
  const headers = secret ? { Authorization: `Bearer ${secret}` } : {};
  let response;
  try {
    response = await fetch(`v1/${path}?${query}`, { headers, cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw silence();
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Problem(response.status, said.title ?? response.statusText, said.detail ?? `status ${response.status}`);
}

export async function ask(path, parameters = {}, signal = undefined) {
  const response = await request(path, parameters, { signal });
  return response.json().catch(cut);
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Follow the events for ever. EventSource cannot show a key, so the stream is read here. */
export async function follow({ interval, onupdate, onfreshness, onlost }) {
  let seen = null;
  for (let wait = 500; ; wait = Math.min(2 * wait, 5000)) {
    try {
      const headers = { ...(secret && { Authorization: `Bearer ${secret}` }), ...(seen && { "Last-Event-ID": seen }) };
      const response = await request("events", { interval }, { headers });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const { value, done } = await within(reader.read().catch(cut), 25_000);
        if (done) break;
        wait = 500;
        const blocks = (text + value).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
          if (fields.event === "freshness") onfreshness(JSON.parse(fields.data));
          if (fields.event !== "update") continue;
          seen = fields.id;
          onupdate(JSON.parse(fields.data));
        }
      }
      throw new Problem(0, "The API does not answer", "its stream of updates ended");
    } catch (problem) {
      await onlost(problem);
    }
    await pause(wait);
  }
}

/** A comment comes every ten seconds; silence means that the connection is dead. */
function within(promise, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Problem(0, "The API does not answer", "nothing came for 25 s")), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
