// The banner of a V that does not agree with recent sessions: of which classes and providers.

import { $, say } from "./dom.js";
import { moment } from "./format.js";

export function show(alarms) {
  const parts = alarms.map((alarm) => {
    const one = alarm.provider === null ? `class ${alarm.label}` : `provider ${alarm.provider}`;
    const whose = alarm.provider === null && alarm.label === null ? "all sessions" : one;
    return `${whose} in partition ${alarm.partition} since ${moment(alarm.since)}`;
  });
  const most = 8;
  const rest = parts.length > most ? ` and ${parts.length - most} more` : "";
  $("diverging").hidden = parts.length === 0;
  say("diverging", parts.length === 0 ? "" : `Recent sessions diverge from the validation set: ${parts.slice(0, most).join(", ")}${rest}. Values may be those of a time that is over.`);
}
