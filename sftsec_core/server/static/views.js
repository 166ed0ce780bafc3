// What the page shows, made of its state; what is done with a key or a click is the page's.

import { ago, clock, h, plural } from "./dom.js";
import { eventKeyFacts, headline, inOrder } from "./event.js";
import { figure, folded, placed, plainText, visible } from "./text.js";

const FIRST = 12; // fields before "more fields"
export const SORTS = new Map([["asked", "As the model asks"], ["attack", "Most likely attack"], ["newest", "Newest event"]]);
const KEYS = [
  ["j  k", "next, previous (also the arrows)"], ["x", "select or let go"], ["a", "select all that are shown, or none"],
  ["u", "undo: take your last verdicts back, also after a reload"], ["r", "reason"], ["/", "filter"], ["?", "this help"], ["Esc", "close, let go"],
];

/** The form for the token. */
export function login(page) {
  const box = h("input", { type: "password", id: "token", autocomplete: "off", required: true, "aria-describedby": "token-note", spellcheck: "false" });
  return h("section", { class: "login", "aria-label": "Log in" }, h("h1", {}, "Labelling"),
    h("form", { onsubmit: (event) => { event.preventDefault(); page.logIn(box.value.trim()); } },
      h("label", { for: "token" }, "Your token"), box,
      h("p", { id: "token-note", class: "note" }, "The one that your admin has made for you. It is kept nowhere; the session ends after an hour without use."),
      page.wrong ? h("p", { class: "wrong", role: "alert" }, page.wrong) : null,
      h("button", { type: "submit", class: "primary" }, "Log in")));
}

/** The whole page. */
export function whole(page) {
  return [bar(page), alert(page), page.tab === "queue" ? queue(page) : history(page)].filter(Boolean);
}

function bar(page) {
  const tab = (name, text) => h("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", "aria-selected": String(page.tab === name), onclick: () => page.show(name),
  }, text);
  const tasks = [...page.ledger.tasks.keys()];
  return h("header", {},
    h("h1", {}, "Labelling"),
    h("div", { role: "tablist", "aria-label": "Labelling" }, tab("queue", `Needs a verdict (${page.ledger.count.toLocaleString()})`), tab("history", "Judged")),
    progress(page),
    h("span", { class: "who" }, page.ledger.analyst, h("button", { type: "button", class: "link", onclick: () => page.logOut() }, "Log out")),
    h("div", { class: "tools" },
      h("input", { type: "search", id: "filter", placeholder: "Filter", "aria-label": "Filter", "aria-keyshortcuts": "/", oninput: (event) => page.search(event.target.value) }),
      tasks.length > 1 ? choice("Task", ["", ...tasks].map((each) => [each, each || "All tasks"]), page.filter.task, (value) => page.chooseTask(value)) : null,
      page.tab === "queue" ? choice("Order", [...SORTS], page.sort, (value) => page.chooseSort(value)) : null,
      h("button", { type: "button", disabled: !page.ledger.lastBatch().length, onclick: () => page.undo() }, "Undo", key("u")),
      h("button", { type: "button", "aria-label": "Keyboard help", onclick: () => page.help() }, key("?"))));
}

function progress(page) {
  const today = new Date().setHours(0, 0, 0, 0) / 1000;
  const mine = page.ledger.history().filter((each) => each.analyst === page.ledger.analyst && each.retracted === null && each.at >= today);
  const done = mine.length;
  const bar = h("progress", { max: String(Math.max(done + page.ledger.count, 1)), value: String(done), "aria-label": "Judged by you today, of these and those that wait" });
  return h("span", { class: "progress" }, bar, ` ${done.toLocaleString()} by you today`);
}

function choice(name, options, chosen, choose) {
  return h("select", { "aria-label": name, onchange: (event) => choose(event.target.value) },
    ...options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}

function key(name) { return h("kbd", { "aria-hidden": "true" }, name); }

function alert(page) {
  const count = page.ledger.unsaved.reduce((sum, each) => sum + each.length, 0);
  if (!page.lost) { return null; }
  const kept = count ? ` ${plural(count, "verdict is", "verdicts are")} not saved yet and kept on this page.` : "";
  return h("div", { class: "alert", role: "alert" }, h("span", {}, `${page.lost}.${kept}`),
    h("button", { type: "button", onclick: () => page.again() }, "Try again"));
}

function panel(page, ...content) {
  return h("div", { id: "panel", role: "tabpanel", "aria-labelledby": `tab-${page.tab}` }, ...content);
}

function queue(page) {
  const rows = page.shown.slice(0, page.limit);
  if (!rows.length) { return panel(page, nothing(page)); }
  const left = page.shown.length - rows.length;
  const more = left > 0 || page.ledger.hasMore
    ? h("button", { type: "button", class: "link more", onclick: () => page.showMore() }, left > 0 ? `Show more (${left.toLocaleString()} left)` : "Read more of the queue") : null;
  return panel(page, h("div", { class: "columns" },
    h("div", { class: "list", tabindex: "-1" }, h("ul", { "aria-label": "Events that need a verdict" }, ...rows.map((each) => row(page, each))), more), detail(page)));
}

function nothing(page) {
  if (page.filter.text || page.filter.task) { return h("p", { class: "empty" }, "Nothing that waits matches the filter."); }
  return h("div", { class: "empty" }, h("h2", {}, "Nothing needs a verdict"), h("p", {}, "The admin asks for verdicts with"),
    h("p", {}, h("code", {}, "sftsec labels request TASK")));
}

function row(page, item) {
  const [current, selected] = [item.id === page.current, page.selected.has(item.id)];
  const title = headline(item.fields);
  const others = page.ledger.others(item.id);
  return h("li", { class: `row${current ? " current" : ""}${selected ? " selected" : ""}` },
    h("input", { type: "checkbox", checked: selected, "aria-label": `Select: ${plainText(title).slice(0, 120)}`, onclick: () => page.select(item.id) }),
    h("button", { type: "button", class: "open", "data-id": String(item.id), "aria-current": current ? "true" : null, onclick: () => page.openItem(item.id) },
      h("span", { class: "title" }, visible(title)),
      h("span", { class: "about" }, h("span", { class: "label" }, item.label), probability(page, item), alike(item),
        others.length ? h("span", { class: "taken" }, `judged by ${others.at(0).analyst}`) : null),
      facts(item.fields, item.at)));
}

function alike(item) {
  return item.copies ? h("span", { class: "alike" }, `${(item.copies + 1).toLocaleString()} alike`) : null;
}

function probability(page, item) {
  const benign = page.ledger.tasks.get(item.task)?.benign;
  const percent = Math.round(item.probability * 100);
  const bar = h("span", {});
  bar.style.width = `${percent}%`; // by a property: the page's policy refuses the attribute
  return h("span", { class: "probability" }, h("span", { class: "bar", "aria-hidden": "true" }, bar), `${benign === null ? item.label : "attack"} ${percent} %`);
}

function facts(fields, at) {
  const named = eventKeyFacts(fields).map(([name, value]) => h("span", { class: "fact" }, `${name} `, visible(value)));
  const when = at === null ? null : h("time", { datetime: iso(at) }, clock(at));
  return when || named.length ? h("span", { class: "facts" }, when, ...named) : null;
}

function iso(seconds) {
  const found = new Date(seconds * 1000);
  return Number.isNaN(found.getTime()) ? null : found.toISOString();
}

function detail(page) {
  const item = page.item;
  if (!item) { return h("section", { class: "detail", "aria-label": "Event" }, h("p", { class: "empty" }, "No event is open. j opens the first.")); }
  const labels = page.ledger.tasks.get(item.task)?.labels ?? [];
  const reason = h("input", { type: "text", id: "reason", maxlength: "2000", "aria-label": "Reason", "aria-keyshortcuts": "r", placeholder: "Reason (optional)", oninput: (event) => { page.reason = event.target.value; } });
  reason.value = page.reason;
  const others = page.ledger.others(item.id);
  return h("section", { class: "detail", "aria-label": "Event", tabindex: "-1" },
    h("div", { class: "judging" },
      others.length ? h("p", { class: "taken", role: "alert" }, `${others.map((each) => `${each.analyst} has judged this ${each.label}`).join(", ")}. Your verdict would be one more: both count.`) : null,
      page.selected.size ? h("p", { class: "many" }, `${plural(page.selected.size, "row is", "rows are")} selected: a verdict is for ${page.selected.size > 1 ? "all of them" : "it"}.`, h("button", { type: "button", class: "link", onclick: () => page.letGo() }, "Let go")) : null,
      h("div", { class: "verdicts", role: "group", "aria-label": "Verdict" }, ...labels.map((label, place) =>
        h("button", { type: "button", class: "verdict", "data-label": label, "aria-keyshortcuts": place < 9 ? String(place + 1) : null, onclick: () => page.judge(label) }, label, place < 9 ? key(String(place + 1)) : null))),
      reason),
    h("p", { class: "model" }, h("span", {}, "The model says ", h("strong", {}, item.label)), probability(page, item), h("span", { class: "note" }, visible(item.reason))),
    item.copies ? h("p", { class: "many" }, `${plural(item.copies, "further event has", "further events have")} the same content: one verdict serves all ${(item.copies + 1).toLocaleString()}.`) : null,
    why(item.explanation),
    eventFields(item.fields, item.cut, item.explanation?.marks ?? []),
    h("p", { class: "uid" }, visible(item.incident), ` · ${item.connector} · asked ${ago(Date.now() / 1000 - item.requested)}`));
}

// Why, as a sentence; the words with their figures one by one, for those who see no marks.
function why(explanation) {
  if (!explanation) { return null; }
  const rows = explanation.marks.map(({ input, words, contribution }) =>
    h("tr", {}, h("td", { class: "figure" }, figure(contribution)), h("td", {}, visible(words)), h("td", {}, visible(input))));
  const key = (sign, label) => [h("mark", { class: sign }, label), sign === "for" ? " speaks for it, " : " against it"];
  return h("div", { class: "why" },
    h("p", {}, h("strong", {}, "Why "), visible(explanation.text)),
    rows.length ? h("details", {},
      h("summary", {}, "Marked: ", ...key("for", "solid"), ...key("against", "dotted"), ". Figures"),
      h("table", {}, h("caption", {}, "Log-odds: above 0 for ", visible(explanation.label), ", below for ", visible(explanation.against)),
        h("thead", {}, h("tr", {}, ...["Adds", "Words", "Field"].map((each) => h("th", { scope: "col" }, each)))), h("tbody", {}, ...rows))) : null);
}

function eventFields(fields, cut, marks) {
  const of = (name) => marks.filter((each) => each.input === name && each.span);
  const ordered = inOrder(fields);
  // What decided is not hidden behind "more fields".
  const named = [...ordered.filter(([name]) => of(name).length), ...ordered.filter(([name]) => !of(name).length)];
  const list = h("dl", { class: "fields" });
  const put = (some) => some.forEach(([name, value]) => list.append(h("dt", {}, visible(name)), h("dd", {}, ...folded(value, cut[name], placed(value, of(name))))));
  put(named.slice(0, FIRST));
  if (named.length <= FIRST) { return list; }
  const rest = named.slice(FIRST);
  const button = h("button", { type: "button", class: "link" }, `Show ${plural(rest.length, "more field", "more fields")}`);
  button.addEventListener("click", () => { put(rest); button.remove(); });
  return h("div", {}, list, button);
}

function history(page) {
  const entries = page.matching(page.ledger.history());
  const rows = entries.slice(0, page.limit);
  if (!rows.length) { return panel(page, h("p", { class: "empty" }, "There are no recent verdicts that match.")); }
  const left = entries.length - rows.length;
  return panel(page, h("ol", { class: "history", "aria-label": "Verdicts" }, ...rows.map((each) => entry(page, each))),
    left > 0 ? h("button", { type: "button", class: "link more", onclick: () => page.showMore() }, `Show more (${left.toLocaleString()} left)`) : null);
}

function entry(page, said) {
  const gone = said.retracted !== null;
  const against = gone ? [] : page.ledger.history().filter((each) => each.id === said.id && each.retracted === null && each.analyst !== said.analyst && each.label !== said.label);
  const mine = said.analyst === page.ledger.analyst && !gone;
  const title = headline(said.fields);
  return h("li", { class: `entry${gone ? " gone" : ""}` },
    h("span", { class: "who" }, said.analyst),
    h("span", { class: "verdict" }, h(gone ? "del" : "span", {}, said.label), gone ? h("span", { class: "note" }, " taken back") : null,
      against.length ? h("span", { class: "taken" }, ` ${against[0].analyst} says ${against[0].label}`) : null),
    h("span", { class: "what" }, h("span", { class: "title" }, visible(title), said.copies ? h("span", { class: "alike" }, `${(said.copies + 1).toLocaleString()} alike`) : null), facts(said.fields, said.event_at),
      said.reason ? h("span", { class: "note" }, visible(said.reason)) : null),
    h("time", { datetime: iso(said.at), title: clock(said.at) }, ago(Date.now() / 1000 - said.at)),
    mine ? h("button", { type: "button", "aria-label": `Take back: ${said.label}, ${plainText(title).slice(0, 80)}`, onclick: () => page.takeBack([said]) }, "Take back") : h("span", {}));
}

/** A dialog over the page; `actions` are buttons. */
export function dialog(title, content, ...actions) {
  return h("dialog", { "aria-label": title }, h("h2", {}, title), ...content, h("div", { class: "buttons" }, ...actions));
}

/** What the keyboard does, with the verdicts of a task. */
export function keyList(labels) {
  const verdicts = labels.slice(0, 9).map((label, place) => [String(place + 1), label]);
  return h("dl", { class: "keys" }, ...[...verdicts, ...KEYS].flatMap(([keys, text]) =>
    [h("dt", {}, ...keys.split("  ").map((each) => h("kbd", {}, each))), h("dd", {}, text)]));
}
