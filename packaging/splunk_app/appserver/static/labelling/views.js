// What the page shows, made of its state; what is done with a key or a click is the page's.

import { ORDERS, differences } from "./alike.js";
import { h, plural, sentence } from "./dom.js";
import { readEvent } from "./event.js";
import { HELP, keysOf } from "./keys.js";
import { OtherAnalyst } from "./ledger.js";
import { eventFacts, historyRow, probability, queueRow, verdictButtons } from "./rows.js";
import { LostSession } from "./splunk.js";

/** The whole page. */
export function whole(page) {
  return frame(page, page.tab === "queue" ? queue(page) : history(page));
}

/** The page with a line in the place of its content. */
export function only(page, text) {
  return frame(page, h("p", { class: "empty" }, text));
}

function frame(page, content) {
  return h("div", { class: "sftsec" }, bar(page), alerts(page), content, status(page), page.helped ? help(page) : null);
}

function bar(page) {
  const tab = (name, text) => h("button", {
    type: "button", role: "tab", "aria-selected": String(page.tab === name), onclick: () => page.show(name),
  }, text);
  const waiting = page.keys ? page.ledger.waiting() : [];
  const tasks = [...new Set([...waiting, ...page.ledger.verdicts.values()].map((each) => each.task).filter(Boolean))].sort();
  const count = `${waiting.length.toLocaleString()}${page.ledger.more ? "+" : ""}`;
  return h("div", { class: "toolbar" },
    h("div", { role: "tablist", "aria-label": "Labelling" }, tab("queue", `Needs a label (${count})`), tab("history", "Judged")),
    h("span", { class: "spring" }),
    tasks.length > 1 ? taskChoice(page, tasks) : null,
    page.tab === "queue" ? orderChoice(page) : null,
    search(page),
    h("button", { type: "button", class: "quiet", onclick: () => page.undo(), ...(page.ledger.done.length ? {} : { disabled: true }) },
      "Undo", h("kbd", {}, "z")),
    h("button", { type: "button", class: "quiet", "aria-label": "Keyboard help", onclick: () => page.toggleHelp() }, h("kbd", {}, "?")));
}

function taskChoice(page, tasks) {
  const options = ["", ...tasks].map((each) =>
    h("option", { value: each, ...(each === page.filter.task ? { selected: true } : {}) }, each || "All tasks"));
  return h("select", { "aria-label": "Task", onchange: (event) => page.choose(event.target.value) }, ...options);
}

function orderChoice(page) {
  const options = [...ORDERS].map(([name, [text]]) => h("option", { value: name, ...(name === page.order ? { selected: true } : {}) }, text));
  return h("select", { "aria-label": "Order", onchange: (event) => page.sort(event.target.value) }, ...options);
}

function search(page) {
  const box = h("input", {
    type: "search", placeholder: "Filter  /", "aria-label": "Filter",
    oninput: (event) => page.search(event.target.value),
  });
  box.value = page.filter.text;
  return box;
}

function alerts(page) {
  const count = page.ledger.unsaved.reduce((sum, each) => sum + each.length, 0);
  if (!page.lost) { return null; }
  const kept = count ? ` ${plural(count, "entry is", "entries are")} not saved yet and kept on this page.` : "";
  const login = `${page.splunk.root}/account/login`;
  const told = page.lost instanceof LostSession || page.lost instanceof OtherAnalyst
    ? [`${sentence(page.lost)}.`, kept, " ", h("a", { href: login, target: "_blank", rel: "noopener" }, "Log in"), " in another tab, then come back."]
    : [`${sentence(page.lost)}.`, kept];
  return h("div", { class: "alert", role: "alert" }, h("span", {}, ...told),
    h("button", { type: "button", onclick: () => page.again() }, "Try again"));
}

function queue(page) {
  const last = page.shown.slice(0, page.limit);
  if (!last.length) { return nothing(page); }
  const now = page.splunk.now();
  const rows = last.map((each) => queueRow(each, {
    current: each.incident_uid === page.current,
    selected: page.selected.has(each.incident_uid),
    now,
    onopen: () => page.openItem(each.incident_uid),
    onselect: () => page.select(each.incident_uid),
  }));
  const left = page.shown.length - last.length;
  const more = showMore(page, left);
  return h("div", { class: "columns" },
    h("div", { class: "list" }, h("ul", { "aria-label": "Incidents that need a label" }, ...rows), more), detail(page));
}

function nothing(page) {
  if (page.filter.text || page.filter.task) { return h("p", { class: "empty" }, "Nothing that waits matches the filter."); }
  return h("div", { class: "empty" }, h("h2", {}, "No incident needs a label"),
    h("p", {}, "The admin of sftsec requests labels with"), h("code", {}, "sftsec labels request TASK"),
    h("p", {}, "Any event can be labelled without a request: open it in a search, then Event Actions, then “sftsec: malicious” or “sftsec: benign”."));
}

function detail(page) {
  const item = page.item;
  if (!item) { return h("section", { class: "detail", "aria-label": "Incident" }, h("p", { class: "empty" }, "No incident is open. j opens the first.")); }
  const many = page.selected.size ? page.chosen.length : 0;
  const key = (word) => keysOf(page.keys, word).split(" or ")[0];
  const note = h("input", { type: "text", class: "reason", maxlength: "2000", "aria-label": "Reason", placeholder: "Reason (optional)  r",
    oninput: (event) => { page.reason = event.target.value; } });
  note.value = page.reason;
  return h("section", { class: "detail", "aria-label": "Incident" },
    h("div", { class: "judging" },
      many ? h("p", { class: "many" }, `${plural(many, "incident is", "incidents are")} selected: a verdict is for all of them.`,
        h("button", { type: "button", class: "link", onclick: () => page.letGo() }, "Let go")) : alike(page, item),
      verdictButtons(page.ledger.words, key, (word) => page.judge(word)), note),
    h("p", { class: "model" },
      item.label ? h("span", {}, "The model says ", h("strong", {}, item.label)) : null, probability(item.probability),
      item.reason ? h("span", { class: "why" }, item.reason) : null),
    eventFacts(item.fields),
    h("p", { class: "uid" }, item.incident_uid, ...page.splunk.links(item).map(([text, url]) =>
      h("a", { href: url, target: "_blank", rel: "noopener" }, text))));
}

// How many copies a verdict is for, and in what they differ.
function alike(page, item) {
  if (item.alike < 2) { return null; }
  const [whole, other] = [item.copies.length > 1, item.alike - 1];
  const named = differences(item.copies).slice(0, 5).map(([name, count]) => `${name} (${count.toLocaleString()})`);
  const text = whole
    ? `${item.alike.toLocaleString()} alike: a verdict is for each of them.${named.length ? ` They differ in ${named.join(", ")}.` : ""}`
    : `Shown apart from ${other.toLocaleString()} alike.`;
  return h("p", { class: "many" }, text,
    h("button", { type: "button", class: "link", onclick: () => page.toggleApart() }, whole ? "Show each" : "Show together", h("kbd", {}, "g")));
}

function history(page) {
  const [retracted, now] = [page.ledger.retracted(), page.splunk.now()];
  const all = page.ledger.history();
  const events = new Map(all.filter((each) => each.event).map((each) => [each.incident_uid, readEvent(each.event)]));
  const entries = page.matching(all, (each) => {
    const saw = events.get(each.incident_uid);
    return `${saw ? JSON.stringify(saw) : ""} ${each.verdict} ${each.analyst} ${each.reason} ${each.incident_uid}`;
  }, (each) => each.task || page.ledger.verdicts.get(each.retracts)?.task || page.filter.task); // "": for every task
  const counts = new Map();
  for (const each of entries) {
    if (each.verdict && !retracted.has(each._key)) { counts.set(each.analyst, (counts.get(each.analyst) || 0) + 1); }
  }
  const [rows, left] = [entries.slice(0, page.limit), entries.length - page.limit];
  if (!rows.length) { return h("p", { class: "empty" }, all.length ? "No recent verdict matches the filter." : "There are no recent verdicts."); }
  return h("div", { class: "history" },
    h("p", { class: "counts" }, ...[...counts].sort((one, other) => other[1] - one[1]).map(([who, count]) =>
      h("span", {}, h("strong", {}, who), ` ${count.toLocaleString()}`))),
    h("ol", {}, ...rows.map((each) => historyRow(each, {
      retracted,
      now,
      event: events.get(each.incident_uid) || {},
      ontakeback: page.ledger.canTakeBack(each, retracted) ? () => page.takeBack(each) : null,
    }))),
    showMore(page, left));
}

function help(page) {
  const words = page.ledger.words.map((word) => [keysOf(page.keys, word), word]);
  return h("div", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": "Keyboard" },
    h("div", { class: "box" }, h("h2", {}, "Keyboard"),
      h("dl", {}, ...[...words, ...HELP].flatMap(([key, text]) => [h("dt", {}, ...key.split("  ").map((each) => h("kbd", {}, each))), h("dd", {}, text)])),
      h("button", { type: "button", onclick: () => page.toggleHelp() }, "Close")));
}

function status(page) {
  return h("p", { class: "status", role: "status", "data-kind": page.told?.kind ?? "" }, page.told?.text ?? "");
}

function showMore(page, left) {
  return left > 0 && h("button", { type: "button", class: "link", onclick: () => page.showMore() }, `Show more (${left.toLocaleString()} left)`);
}
