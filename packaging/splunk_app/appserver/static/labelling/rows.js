// The pieces of the page that show something and decide nothing.

import { ago, clock, h } from "./dom.js";
import { eventKeyFacts, headline, inOrder } from "./event.js";

const LONG = 600; // characters of a value before "more"
const FIRST = 8; // fields before "all fields"

/** A bar and a number: how likely it is an attack, for the model. */
export function probability(value) {
  if (!Number.isFinite(value)) { return null; }
  const percent = Math.round(value * 100);
  const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", { style: `width: ${percent}%` }));
  return h("span", { class: "probability" }, bar, h("span", { class: "number" }, `attack ${percent} %`));
}

/** One line of the queue. */
export function queueRow(item, { current, selected, now, onopen, onselect }) {
  const title = headline(item.fields);
  const asked = item.requested ? ago(now - item.requested) : "";
  return h("li", { class: `row${current ? " current" : ""}${selected ? " selected" : ""}` },
    h("input", { type: "checkbox", "aria-label": `Select: ${title}`, onclick: onselect, ...(selected ? { checked: true } : {}) }),
    h("button", { type: "button", class: "open", "aria-current": current ? "true" : null, "data-uid": item.incident_uid, onclick: onopen },
      h("span", { class: "title" }, title),
      h("span", { class: "about" }, item.task ? h("span", { class: "task" }, item.task) : null,
        item.label ? h("span", { class: "label" }, item.label) : null, probability(item.probability),
        item.copies.length > 1 ? h("span", { class: "alike" }, `${item.copies.length.toLocaleString()} alike`) : null,
        h("span", { class: "asked" }, asked)),
      facts(item.fields, item.event_time)));
}

// When it happened, and what tells it from the next: Splunk's time of an event may be another than the request's.
function facts(fields, at) {
  const [when, named] = [clock(at), eventKeyFacts(fields)];
  if (!when && !named.length) { return null; }
  return h("span", { class: "facts" },
    when ? h("time", { datetime: new Date(at * 1000).toISOString() }, when) : null,
    ...named.map(([name, value]) => h("span", { class: "fact", title: `${name}: ${value}` }, `${name} ${value}`)));
}

/** An event: its telling fields, the others on demand. */
export function eventFacts(fields) {
  const named = inOrder(fields);
  const list = h("dl", { class: "fields" });
  const put = (some) => some.forEach(([name, value]) => list.append(h("dt", {}, name), h("dd", {}, ...cut(value))));
  put(named.slice(0, FIRST));
  if (named.length <= FIRST) { return list; }
  const rest = named.slice(FIRST);
  const button = h("button", { type: "button", class: "link" }, `Show ${rest.length} more fields`);
  button.addEventListener("click", () => { put(rest); button.remove(); });
  return h("div", {}, list, button);
}

function cut(value) {
  if (value.length <= LONG) { return [value]; }
  const text = document.createTextNode(`${value.slice(0, LONG)}… `);
  const button = h("button", { type: "button", class: "link" }, `more (${value.length.toLocaleString()} characters)`);
  button.addEventListener("click", () => { text.data = value; button.remove(); });
  return [text, button];
}

/** One line of the history. */
export function historyRow(document, { retracted, now, event, ontakeback }) {
  const gone = retracted.has(document._key);
  const said = document.verdict
    ? h("span", { class: `verdict${gone ? " gone" : ""}` }, document.verdict, gone ? h("span", { class: "note" }, " taken back") : null)
    : h("span", { class: "note" }, "took a verdict back");
  return h("li", { class: "entry" },
    h("span", { class: "who" }, document.analyst || "nobody"), said,
    h("span", { class: "what" }, headline(event), facts(event, document.event_time)),
    document.reason ? h("span", { class: "why" }, document.reason) : null,
    ontakeback ? h("button", { type: "button", class: "link", onclick: ontakeback }, "Take back") : null,
    h("time", { datetime: new Date(document.time * 1000).toISOString(), title: clock(document.time) }, ago(now - document.time)));
}

/** The verdicts as buttons, each with its key. */
export function verdictButtons(words, keyOf, onverdict) {
  return h("div", { class: "verdicts", role: "group", "aria-label": "Verdict" },
    ...words.map((word) => h("button", { type: "button", class: "verdict", "data-verdict": word, onclick: () => onverdict(word) },
      word, h("kbd", {}, keyOf(word)))));
}
