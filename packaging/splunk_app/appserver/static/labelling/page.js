// The labelling page: the queue of incidents that need a label, and the recent verdicts.

import { ordered, together } from "./alike.js";
import { Confirm } from "./confirm.js";
import { isDark, plural, sentence } from "./dom.js";
import { isTyping, verdictKeys } from "./keys.js";
import { Ledger, isOpen } from "./ledger.js";
import { LostSession, Splunk } from "./splunk.js";
import { only, whole } from "./views.js";

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
    this.order = "wanted";
    this.apart = new Set(); // what copies have in common, of those that are shown one by one
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
      this.place.replaceChildren(only(this, cause(error)));
      return;
    }
    if (!this.ledger.may) {
      this.place.replaceChildren(only(this, cause({ status: 403 })));
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
    return this.matching(this.ledger.waiting(), (each) => `${each.event} ${each.label}`);
  }

  /** Those of some documents that the filter lets through; `textOf` and `taskOf` give what it looks at. */
  matching(documents, textOf, taskOf = (each) => each.task) {
    const { text, task } = this.filter;
    const sought = text.toLowerCase();
    return documents.filter((each) =>
      (!task || taskOf(each) === task) && (!sought || textOf(each).toLowerCase().includes(sought)));
  }

  draw() {
    const focused = this.place.contains(document.activeElement);
    const written = this.#written();
    const scrolled = [".list", ".detail"].map((each) => [each, this.place.querySelector(each)?.scrollTop, this.current]);
    this.shown = ordered(together(this.items, this.apart), this.order);
    const waits = new Set(this.shown.map((each) => each.incident_uid));
    this.selected = new Set([...this.selected].filter((each) => waits.has(each)));
    if (!waits.has(this.current)) { this.current = this.taken ? null : this.shown[0]?.incident_uid ?? null; }
    this.place.replaceChildren(whole(this));
    for (const [part, top, current] of scrolled) {
      const made = this.place.querySelector(part);
      if (made && top && (part === ".list" || current === this.current)) { made.scrollTop = top; }
    }
    if (written) { this.#writeOn(written); } else if (focused) { this.focus(); }
  }

  // A write that ends draws the page under what is typed meanwhile: the next letters shall be no verdicts.
  #written() {
    const box = document.activeElement;
    const name = ["input[type=search]", "input.reason"].find((each) => this.place.contains(box) && box.matches(each));
    return name && { name, start: box.selectionStart, end: box.selectionEnd };
  }

  #writeOn({ name, start, end }) {
    const box = this.place.querySelector(name);
    box?.focus();
    box?.setSelectionRange(start, end);
  }

  #say(kind, text) {
    this.told = { kind, text };
  }

  /** What is open; null when nothing is. */
  get item() {
    return this.shown.find((each) => each.incident_uid === this.current) ?? null;
  }

  show(tab) {
    this.tab = tab;
    this.draw();
  }

  search(text) {
    this.filter.text = text;
    this.limit = SHOWN;
    this.draw();
    const box = this.place.querySelector("input[type=search]");
    box.focus();
    box.setSelectionRange(text.length, text.length);
  }

  choose(task) {
    this.filter.task = task;
    this.draw();
  }

  sort(order) {
    this.order = order;
    this.draw();
  }

  /** Show the copies of what is open one by one, or together again. */
  toggleApart() {
    const item = this.item;
    if (!item || item.alike < 2) { return; }
    if (!this.apart.delete(item.key)) { this.apart.add(item.key); }
    this.current = this.apart.has(item.key) ? item.incident_uid : this.#headOf(item.key);
    this.selected.clear();
    this.draw();
    this.focus();
  }

  #headOf(key) {
    return this.shown.find((each) => each.key === key)?.incident_uid ?? null;
  }

  showMore() {
    this.limit += SHOWN;
    this.draw();
  }

  openItem(uid) {
    this.taken = false;
    this.current = uid;
    this.draw();
    this.focus();
  }

  letGo() {
    this.selected.clear();
    this.draw();
  }

  // --- what is done

  /** What a verdict is for: what is selected, or else what is open, each with all its copies. */
  get chosen() {
    const heads = this.selected.size ? this.shown.filter((each) => this.selected.has(each.incident_uid)) : [this.item].filter(Boolean);
    return heads.flatMap((each) => each.copies);
  }

  judge(word) {
    const chosen = this.chosen;
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
    this.#say("wrong", `Not saved: ${sentence(error)}`);
    this.#refresh(); // a part may have been written
  }

  undo() {
    const batch = this.ledger.done.at(-1);
    if (!batch) { this.#say("", "There is nothing to undo."); this.draw(); return; }
    this.current = batch[0].incident_uid;
    this.settle(this.ledger.undo(), `Taken back: ${plural(batch.length, "verdict", "verdicts")} of ${batch[0].verdict}`);
  }

  takeBack(document) {
    this.settle(this.ledger.takeBack(document), `Taken back: ${document.verdict}`);
  }

  async again() {
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
      if (isOpen(error)) { this.lost = error; } else { this.#say("wrong", `The queue cannot be read: ${sentence(error)}`); }
    } finally {
      this.refreshing = false;
    }
    // A redraw folds what was unfolded: only for news, and never under what is being written.
    const news = JSON.stringify([this.items.map((each) => each.incident_uid), this.ledger.verdicts.size, this.ledger.unsaved.length, this.lost?.message, this.told]);
    if (news !== this.news && !this.#isWriting()) { this.draw(); }
    this.news = news;
  }

  // The next key must not judge an event that the analyst has not read.
  #lookAtOpen() {
    const [said] = (this.ledger.judged().get(this.current) || []).slice(-1);
    if (said && said.analyst !== this.ledger.analyst) {
      this.taken = true;
      this.#say("", `${said.analyst} has judged what you had open: ${said.verdict}. Choose another.`);
    }
  }

  #isWriting() {
    return this.confirming || document.activeElement?.matches?.(".sftsec input[type=text], .sftsec input[type=search]");
  }

  select(uid) {
    this.current = uid;
    if (!this.selected.delete(uid)) { this.selected.add(uid); }
    this.draw();
    this.focus();
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
    this.focus();
  }

  #next(leaving) {
    const place = this.shown.findIndex((each) => each.incident_uid === this.current);
    const rest = [...this.shown.slice(Math.max(place, 0)), ...this.shown.slice(0, Math.max(place, 0)).reverse()];
    this.current = rest.find((each) => !leaving.has(each.incident_uid))?.incident_uid ?? null;
  }

  focus() {
    const row = this.place.querySelector("button.open[aria-current=true]");
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  toggleHelp() {
    this.helped = !this.helped;
    this.draw();
    if (this.helped) { this.place.querySelector(".dialog button")?.focus(); } else { this.focus(); }
  }

  #key(event) {
    if (this.confirming) { return; } // it has keys of its own
    if (event.key === "Escape") { this.#escape(); return; }
    if (isTyping(event)) {
      if (event.key === "Enter" && event.target.matches(".sftsec input")) { event.target.blur(); this.focus(); }
      return;
    }
    if (this.helped && event.key !== "?") { return; }
    const verdict = this.keys.get(event.key);
    const actions = {
      j: () => this.#move(1), k: () => this.#move(-1), ArrowDown: () => this.#move(1), ArrowUp: () => this.#move(-1),
      J: () => this.#move(1, true), K: () => this.#move(-1, true),
      x: () => this.current && this.select(this.current), a: () => this.#selectAll(), z: () => this.undo(),
      r: () => this.place.querySelector("input.reason")?.focus(), g: () => this.toggleApart(),
      "/": () => this.place.querySelector("input[type=search]")?.focus(), "?": () => this.toggleHelp(),
    };
    const action = verdict && this.tab === "queue" ? () => this.judge(verdict) : actions[event.key];
    if (!action) { return; }
    event.preventDefault();
    action();
  }

  #escape() {
    if (this.helped) { this.toggleHelp(); return; }
    if (this.selected.size) { this.selected.clear(); } else { this.filter.text = ""; }
    document.activeElement?.blur?.();
    this.draw();
    this.focus();
  }
}

function cause(error) {
  if (error instanceof LostSession) { return "Your Splunk session has ended: log in and load the page again."; }
  if (error.status === 403) { return "You may not label: that takes the role sftsec_analyst."; }
  return `The queue cannot be read: ${sentence(error)}`;
}
