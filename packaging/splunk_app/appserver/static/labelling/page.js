// The labelling page: the queue of what the model most wants judged, and what was said.

import { Confirm } from "./confirm.js";
import { h, isDark } from "./dom.js";
import { readEvent } from "./event.js";
import { HELP, isTyping, keysOf, verdictKeys } from "./keys.js";
import { Ledger, OtherAnalyst, isOpen } from "./ledger.js";
import { eventFacts, historyRow, probability, queueRow, verdictButtons } from "./rows.js";
import { LostSession, Splunk } from "./splunk.js";

const SHOWN = 50; // rows at once, so that thousands do not freeze the page
const REFRESH_MS = 30000;
const IDLE_MS = 10 * 60000; // then the page no longer keeps the session of whoever left it open

export async function open(place, root) {
  const page = new Page(place, new Splunk(root));
  await page.open();
}

class Page {
  constructor(place, splunk) {
    this.place = place;
    this.splunk = splunk;
    this.ledger = new Ledger(splunk);
    this.selected = new Set();
    this.current = null; // uid
    this.limit = SHOWN;
    this.filter = { text: "", task: "" };
    this.reason = "";
    this.tab = "queue";
    this.helped = false;
  }

  async open() {
    this.place.dataset.theme = isDark(this.place) ? "dark" : "light";
    this.place.textContent = "Reading the queue…";
    try {
      await this.ledger.open();
    } catch (error) {
      this.#say("wrong", `The queue cannot be read: ${sayOf(error)}`);
      this.place.replaceChildren(this.#frame(h("p", { class: "empty" }, this.#cause(error))));
      return;
    }
    if (!this.ledger.may) {
      this.place.replaceChildren(h("div", { class: "sftsec" }, h("p", { class: "empty" }, this.#cause({ status: 403 }))));
      return;
    }
    this.keys = verdictKeys(this.ledger.words);
    document.addEventListener("keydown", (event) => this.#key(event));
    window.addEventListener("focus", () => this.#refresh());
    window.addEventListener("beforeunload", (event) => { if (this.ledger.unsaved.length) { event.preventDefault(); } });
    for (const each of ["keydown", "pointerdown"]) { document.addEventListener(each, () => { this.active = Date.now(); }); }
    this.active = Date.now();
    this.draw();
    window.setInterval(() => this.#refreshWhileUsed(), REFRESH_MS);
    await Confirm.fromAddress(this);
  }

  // --- what is shown

  get items() {
    const { text, task } = this.filter;
    const sought = text.toLowerCase();
    return this.ledger.waiting().filter((each) =>
      (!task || each.task === task) && (!sought || `${each.event} ${each.label}`.toLowerCase().includes(sought)));
  }

  draw() {
    const focused = this.place.contains(document.activeElement);
    this.shown = this.items;
    const waits = new Set(this.shown.map((each) => each.incident_uid));
    this.selected = new Set([...this.selected].filter((each) => waits.has(each)));
    if (!waits.has(this.current)) { this.current = this.taken ? null : this.shown[0]?.incident_uid ?? null; }
    this.place.replaceChildren(this.#frame(this.tab === "queue" ? this.#queue() : this.#history()));
    if (focused) { this.#focus(); }
  }

  #frame(content) {
    return h("div", { class: "sftsec" }, this.#bar(), this.#alerts(), content, this.#status(), this.helped ? this.#help() : null);
  }

  #bar() {
    const tab = (name, text) => h("button", {
      type: "button", role: "tab", "aria-selected": String(this.tab === name), onclick: () => { this.tab = name; this.draw(); },
    }, text);
    const waiting = this.keys ? this.ledger.waiting() : [];
    const tasks = [...new Set(waiting.map((each) => each.task).filter(Boolean))].sort();
    const count = `${waiting.length.toLocaleString()}${this.ledger.more ? "+" : ""}`;
    return h("div", { class: "toolbar" },
      h("div", { role: "tablist", "aria-label": "Labelling" }, tab("queue", `Needs a label (${count})`), tab("history", "Judged")),
      h("span", { class: "spring" }),
      tasks.length > 1 ? this.#tasks(tasks) : null,
      this.#search(),
      h("button", { type: "button", class: "quiet", onclick: () => this.#undo(), ...(this.ledger.done.length ? {} : { disabled: true }) },
        "Undo", h("kbd", {}, "z")),
      h("button", { type: "button", class: "quiet", "aria-label": "Keyboard help", onclick: () => this.#toggleHelp() }, h("kbd", {}, "?")));
  }

  #tasks(tasks) {
    const options = ["", ...tasks].map((each) =>
      h("option", { value: each, ...(each === this.filter.task ? { selected: true } : {}) }, each || "All tasks"));
    return h("select", { "aria-label": "Task", onchange: (event) => { this.filter.task = event.target.value; this.draw(); } }, ...options);
  }

  #search() {
    const search = h("input", {
      type: "search", placeholder: "Filter  /", "aria-label": "Filter",
      oninput: (event) => {
        this.filter.text = event.target.value;
        this.limit = SHOWN;
        this.draw();
        const made = this.place.querySelector("input[type=search]");
        made.focus();
        made.setSelectionRange(made.value.length, made.value.length);
      },
    });
    search.value = this.filter.text;
    return search;
  }

  #alerts() {
    const count = this.ledger.unsaved.reduce((sum, each) => sum + each.length, 0);
    if (!this.lost) { return null; }
    const kept = count ? ` ${plural(count, "entry is", "entries are")} not saved yet and kept on this page.` : "";
    const login = `${this.splunk.root}/account/login`;
    const told = this.lost instanceof LostSession || this.lost instanceof OtherAnalyst
      ? [`${sayOf(this.lost)}.`, kept, " ", h("a", { href: login, target: "_blank", rel: "noopener" }, "Log in"), " in another tab, then come back."]
      : [`${sayOf(this.lost)}.`, kept];
    return h("div", { class: "alert", role: "alert" }, h("span", {}, ...told),
      h("button", { type: "button", onclick: () => this.#again() }, "Try again"));
  }

  #queue() {
    const last = this.shown.slice(0, this.limit);
    if (!last.length) { return this.#nothing(); }
    const now = this.splunk.now();
    const rows = last.map((each) => queueRow(each, {
      current: each.incident_uid === this.current,
      selected: this.selected.has(each.incident_uid),
      now,
      onopen: () => { this.taken = false; this.current = each.incident_uid; this.draw(); this.#focus(); },
      onselect: () => { this.current = each.incident_uid; this.#select(each.incident_uid); },
    }));
    const left = this.shown.length - last.length;
    const more = left > 0 && h("button", { type: "button", class: "link", onclick: () => { this.limit += SHOWN; this.draw(); } }, `Show more (${left.toLocaleString()} left)`);
    return h("div", { class: "columns" },
      h("div", { class: "list" }, h("ul", { "aria-label": "Incidents that need a label" }, ...rows), more), this.#detail());
  }

  #nothing() {
    if (this.filter.text || this.filter.task) { return h("p", { class: "empty" }, "Nothing that waits matches the filter."); }
    return h("div", { class: "empty" }, h("h2", {}, "Nothing waits for a label"),
      h("p", {}, "Whoever runs sftsec asks for verdicts with"), h("code", {}, "sftsec labels request TASK"),
      h("p", {}, "Any event can be judged without being asked for: open it in a search, then Event Actions, then “sftsec: malicious” or “sftsec: benign”."));
  }

  #detail() {
    const item = this.#open();
    if (!item) { return h("section", { class: "detail", "aria-label": "Incident" }, h("p", { class: "empty" }, "Nothing is open. j opens the first.")); }
    const many = this.selected.size;
    const key = (word) => keysOf(this.keys, word).split(" or ")[0];
    const note = h("input", { type: "text", class: "reason", maxlength: "2000", "aria-label": "Reason", placeholder: "Reason, if there is more to say  r",
      oninput: (event) => { this.reason = event.target.value; } });
    note.value = this.reason;
    return h("section", { class: "detail", "aria-label": "Incident" },
      h("div", { class: "judging" },
        many ? h("p", { class: "many" }, `${plural(many, "incident is", "incidents are")} selected: a verdict is for all of them.`,
          h("button", { type: "button", class: "link", onclick: () => { this.selected.clear(); this.draw(); } }, "Let go")) : null,
        verdictButtons(this.ledger.words, key, (word) => this.judge(word)), note),
      h("p", { class: "model" },
        item.label ? h("span", {}, "The model says ", h("strong", {}, item.label)) : null, probability(item.probability),
        item.reason ? h("span", { class: "why" }, item.reason) : null),
      eventFacts(item.fields),
      h("p", { class: "uid" }, item.incident_uid));
  }

  #history() {
    const [retracted, now] = [this.ledger.retracted(), this.splunk.now()];
    const entries = this.ledger.history();
    const events = new Map(entries.filter((each) => each.event).map((each) => [each.incident_uid, readEvent(each.event)]));
    const counts = new Map();
    for (const each of entries) {
      if (each.verdict && !retracted.has(each._key)) { counts.set(each.analyst, (counts.get(each.analyst) || 0) + 1); }
    }
    const [rows, left] = [entries.slice(0, this.limit), entries.length - this.limit];
    if (!rows.length) { return h("p", { class: "empty" }, "Nobody has judged anything here lately."); }
    return h("div", { class: "history" },
      h("p", { class: "counts" }, ...[...counts].sort((one, other) => other[1] - one[1]).map(([who, count]) =>
        h("span", {}, h("strong", {}, who), ` ${count.toLocaleString()}`))),
      h("ol", {}, ...rows.map((each) => historyRow(each, { retracted, now, event: events.get(each.incident_uid) || {} }))),
      left > 0 && h("button", { type: "button", class: "link", onclick: () => { this.limit += SHOWN; this.draw(); } }, `Show more (${left.toLocaleString()} left)`));
  }

  #help() {
    const words = this.ledger.words.map((word) => [keysOf(this.keys, word), word]);
    return h("div", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": "Keyboard" },
      h("div", { class: "box" }, h("h2", {}, "Keyboard"),
        h("dl", {}, ...[...words, ...HELP].flatMap(([key, text]) => [h("dt", {}, ...key.split("  ").map((each) => h("kbd", {}, each))), h("dd", {}, text)])),
        h("button", { type: "button", onclick: () => this.#toggleHelp() }, "Close")));
  }

  #status() {
    return h("p", { class: "status", role: "status", "data-kind": this.told?.kind ?? "" }, this.told?.text ?? "");
  }

  #say(kind, text) {
    this.told = { kind, text };
  }

  #cause(error) {
    if (error instanceof LostSession) { return "Your Splunk session has ended: log in and load the page again."; }
    if (error.status === 403) { return "You may not label: that takes the role sftsec_analyst."; }
    return `The queue cannot be read: ${sayOf(error)}`;
  }

  #open() {
    return this.shown.find((each) => each.incident_uid === this.current) ?? null;
  }

  // --- what is done

  /** Judge what is selected, or else what is open. */
  judge(word) {
    const chosen = this.selected.size ? this.shown.filter((each) => this.selected.has(each.incident_uid)) : [this.#open()].filter(Boolean);
    if (!chosen.length || this.tab !== "queue") { return; }
    this.#next(new Set(chosen.map((each) => each.incident_uid)));
    this.selected.clear();
    const reason = this.reason.trim();
    this.reason = "";
    this.settle(this.ledger.judge(chosen, word, reason), `${plural(chosen.length, "incident", "incidents")} judged ${word}`);
  }

  /** Show what a write changed at once, and what became of it when that is known. */
  async settle(writing, text) {
    this.#say("done", text);
    this.draw();
    try {
      await writing;
      this.lost = null;
    } catch (error) {
      this.#failed(error);
    }
    this.draw();
  }

  #failed(error) {
    if (isOpen(error)) {
      this.lost = error;
      this.#say("wrong", "");
      return;
    }
    this.#say("wrong", `Not saved: ${sayOf(error)}`);
    this.#refresh(); // a part may have been written
  }

  #undo() {
    const batch = this.ledger.done.at(-1);
    if (!batch) { this.#say("", "There is nothing to undo."); this.draw(); return; }
    this.current = batch[0].incident_uid;
    this.settle(this.ledger.undo(), `Taken back: ${plural(batch.length, "verdict", "verdicts")} of ${batch[0].verdict}`);
  }

  async #again() {
    try {
      await this.ledger.again();
      this.#say("done", "Saved");
      await this.#refresh();
    } catch (error) {
      this.#failed(error);
      this.draw();
    }
  }

  async #refreshWhileUsed() {
    if (!document.hidden && Date.now() - this.active < IDLE_MS) { await this.#refresh(); }
  }

  async #refresh() {
    if (this.refreshing) { return; }
    this.refreshing = true;
    try {
      await this.ledger.again();
      await this.ledger.refresh();
      this.lost = null;
      this.#lookAtOpen();
    } catch (error) {
      if (isOpen(error)) { this.lost = error; } else { this.#say("wrong", `The queue cannot be read: ${sayOf(error)}`); }
    } finally {
      this.refreshing = false;
    }
    if (!this.#isWriting()) { this.draw(); }
  }

  // The next key must not judge an event that the analyst has not read.
  #lookAtOpen() {
    const [said] = (this.ledger.judged().get(this.current) || []).slice(-1);
    if (said && said.analyst !== this.ledger.analyst) {
      this.taken = true;
      this.#say("", `${said.analyst} has judged what you had open: ${said.verdict}. Choose another.`);
    }
  }

  // A redraw would take what is being written, or read in full, away from under the analyst.
  #isWriting() {
    return this.confirming || document.activeElement?.matches?.(".sftsec input[type=text], .sftsec input[type=search]");
  }

  #select(uid) {
    if (!this.selected.delete(uid)) { this.selected.add(uid); }
    this.draw();
    this.#focus();
  }

  #selectAll() {
    const last = this.shown.slice(0, this.limit).map((each) => each.incident_uid);
    this.selected = this.selected.size === last.length ? new Set() : new Set(last);
    this.draw();
  }

  #move(step, selecting) {
    const place = this.shown.findIndex((each) => each.incident_uid === this.current);
    const next = Math.min(Math.max(place + step, 0), this.shown.length - 1);
    this.taken = false;
    if (selecting && this.current) { this.selected.add(this.current); }
    this.current = this.shown[next]?.incident_uid ?? null;
    if (selecting && this.current) { this.selected.add(this.current); }
    while (next >= this.limit) { this.limit += SHOWN; }
    this.draw();
    this.#focus();
  }

  #next(leaving) {
    const place = this.shown.findIndex((each) => each.incident_uid === this.current);
    const rest = [...this.shown.slice(Math.max(place, 0)), ...this.shown.slice(0, Math.max(place, 0)).reverse()];
    this.current = rest.find((each) => !leaving.has(each.incident_uid))?.incident_uid ?? null;
  }

  #focus() {
    const row = this.place.querySelector("button.open[aria-current=true]");
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  #toggleHelp() {
    this.helped = !this.helped;
    this.draw();
    if (this.helped) { this.place.querySelector(".dialog button")?.focus(); } else { this.#focus(); }
  }

  #key(event) {
    if (this.confirming) { return; } // it has keys of its own
    if (event.key === "Escape") { this.#escape(); return; }
    if (isTyping(event)) {
      if (event.key === "Enter" && event.target.matches(".sftsec input")) { event.target.blur(); this.#focus(); }
      return;
    }
    if (this.helped && event.key !== "?") { return; }
    const verdict = this.keys.get(event.key);
    const actions = {
      j: () => this.#move(1), k: () => this.#move(-1), ArrowDown: () => this.#move(1), ArrowUp: () => this.#move(-1),
      J: () => this.#move(1, true), K: () => this.#move(-1, true),
      x: () => this.current && this.#select(this.current), a: () => this.#selectAll(), z: () => this.#undo(),
      r: () => this.place.querySelector("input.reason")?.focus(),
      "/": () => this.place.querySelector("input[type=search]")?.focus(), "?": () => this.#toggleHelp(),
    };
    const action = verdict && this.tab === "queue" ? () => this.judge(verdict) : actions[event.key];
    if (!action) { return; }
    event.preventDefault();
    action();
  }

  #escape() {
    if (this.helped) { this.#toggleHelp(); return; }
    if (this.selected.size) { this.selected.clear(); } else { this.filter.text = ""; }
    document.activeElement?.blur?.();
    this.draw();
    this.#focus();
  }
}

function plural(count, one, many) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function sayOf(error) {
  const text = error.message || String(error);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
