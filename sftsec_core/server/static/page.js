// The labelling page: the queue of events that need a verdict, and the verdicts that were given.

import { Api, LoggedOut, isOpen } from "./api.js";
import { h, plural, sentence } from "./dom.js";
import { isTyping } from "./keys.js";
import { Ledger } from "./ledger.js";
import { plainText } from "./text.js";
import { dialog, keyList, login, whole } from "./views.js";

const SHOWN = 50;
const REFRESH_MS = 15000;
const IDLE_MS = 10 * 60000; // then the page no longer keeps the session of whoever left it open

class Page {
  constructor(place, status) {
    [this.place, this.status] = [place, status];
    this.api = new Api();
    this.ledger = new Ledger(this.api);
    this.selected = new Set();
    this.filter = { text: "", task: "" };
    [this.current, this.limit, this.sort, this.reason, this.tab, this.active] = [null, SHOWN, "asked", "", "queue", Date.now()];
  }

  async open() {
    document.addEventListener("keydown", (event) => this.#key(event));
    window.addEventListener("focus", () => this.#refresh());
    window.addEventListener("beforeunload", (event) => { if (this.ledger.unsaved.length) { event.preventDefault(); } });
    for (const each of ["keydown", "pointerdown"]) { document.addEventListener(each, () => { this.active = Date.now(); }); }
    window.setInterval(() => { if (!document.hidden && Date.now() - this.active < IDLE_MS) { this.#refresh(); } }, REFRESH_MS);
    try {
      await this.#enter(await this.api.session());
    } catch (error) {
      this.#out(error instanceof LoggedOut ? "" : `${sentence(error)}.`);
    }
  }

  // --- the session

  async logIn(token) {
    try {
      await this.#enter(await this.api.logIn(token));
    } catch (error) {
      this.#out(`${sentence(error)}.`);
    }
  }

  async #enter(session) {
    const lost = this.ledger.enter(session);
    [this.in, this.wrong, this.lost] = [true, "", null];
    this.say(lost ? "wrong" : "", lost ? "What another analyst had not saved was left out." : "");
    await this.ledger.again();
    await this.ledger.refresh();
    this.draw();
    this.focus();
  }

  async logOut() {
    try {
      await this.ledger.again();
      await this.api.logOut();
      this.ledger = new Ledger(this.api);
      this.#out("");
      this.say("", "You are logged out.");
    } catch (error) {
      this.#failed(error);
      this.draw();
    }
  }

  #out(wrong) {
    [this.in, this.wrong] = [false, wrong];
    this.place.replaceChildren(login(this));
    this.place.querySelector("#token").focus();
  }

  // --- what is shown

  say(kind, text) {
    this.status.dataset.kind = kind;
    this.status.textContent = text;
  }

  matching(all) {
    const sought = this.filter.text.toLowerCase();
    const textOf = (each) => `${JSON.stringify(each.fields)} ${each.label} ${each.incident} ${each.analyst ?? ""} ${each.reason ?? ""}`;
    return all.filter((each) => (!this.filter.task || each.task === this.filter.task) && (!sought || textOf(each).toLowerCase().includes(sought)));
  }

  get items() {
    const waiting = this.ledger.waiting();
    // What another analyst judged while it was open here stays until one moves on.
    const all = this.pinned && !waiting.some((each) => each.id === this.pinned.id) ? [this.pinned, ...waiting] : waiting;
    const found = this.matching(all);
    if (this.sort === "attack") { found.sort((one, other) => other.probability - one.probability); }
    if (this.sort === "newest") { found.sort((one, other) => (other.at ?? -Infinity) - (one.at ?? -Infinity)); }
    return found;
  }

  get item() { return this.shown.find((each) => each.id === this.current) ?? null; }

  draw() {
    if (!this.in) { return; }
    const focused = focusOf(this.place);
    const scrolled = [".list", ".detail"].map((each) => [each, this.place.querySelector(each)?.scrollTop, this.current]);
    this.shown = this.items;
    const waits = new Set(this.shown.map((each) => each.id));
    this.selected = new Set([...this.selected].filter((each) => waits.has(each)));
    if (!waits.has(this.current)) { this.current = this.shown[0]?.id ?? null; }
    this.place.replaceChildren(...whole(this));
    this.place.querySelector("#filter").value = this.filter.text;
    for (const [part, top, current] of scrolled) {
      const made = this.place.querySelector(part);
      if (made && top && (part === ".list" || current === this.current)) { made.scrollTop = top; }
    }
    if (focused) { (this.place.querySelector(focused) ?? this.place.querySelector("button.open[aria-current=true]"))?.focus({ preventScroll: true }); }
  }

  focus() {
    const row = this.place.querySelector("button.open[aria-current=true]") ?? this.place.querySelector("[role=tab][aria-selected=true]");
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  show(tab) { [this.tab, this.limit] = [tab, SHOWN]; this.draw(); this.place.querySelector(`#tab-${tab}`).focus(); }

  search(text) { [this.filter.text, this.limit] = [text, SHOWN]; this.draw(); }

  chooseTask(task) { this.filter.task = task; this.draw(); }

  chooseSort(sort) { this.sort = sort; this.draw(); }

  openItem(id) { this.pinned = null; this.current = id; this.draw(); this.focus(); }

  letGo() { this.selected.clear(); this.draw(); }

  async showMore() {
    const all = this.tab === "queue" ? this.shown.length : Infinity;
    this.limit += SHOWN;
    if (this.limit > all) { await this.#trying(() => this.ledger.more()); }
    this.draw();
  }

  select(id) {
    this.current = id;
    if (!this.selected.delete(id)) { this.selected.add(id); }
    this.draw();
  }

  #selectAll() {
    const all = this.shown.slice(0, this.limit).map((each) => each.id);
    this.selected = this.selected.size === all.length ? new Set() : new Set(all);
    this.draw();
  }

  #move(step) {
    const place = this.shown.findIndex((each) => each.id === this.current);
    const next = Math.min(Math.max(place + step, 0), this.shown.length - 1);
    [this.current, this.pinned] = [this.shown[next]?.id ?? null, null];
    while (next >= this.limit) { this.limit += SHOWN; }
    this.draw();
    this.focus();
  }

  // --- what is done

  /** Judge what is selected, or else what is open; of many, only once that is confirmed. */
  judge(label) {
    const chosen = this.selected.size ? this.shown.filter((each) => this.selected.has(each.id)) : [this.item].filter(Boolean);
    if (!chosen.length || this.tab !== "queue") { return; }
    if (new Set(chosen.map((each) => each.task)).size > 1) { this.say("wrong", "The selected rows are of several tasks: choose one task first."); return; }
    if (chosen.length === 1) { this.#judge(chosen, label); return; }
    const events = chosen.reduce((sum, each) => sum + each.copies + 1, 0);
    const text = `${plural(chosen.length, "row", "rows")} with ${plural(events, "event", "events")} get the verdict ${label}.`;
    this.#ask(`Judge ${chosen.length} rows ${label}?`, [h("p", {}, text)], `Judge ${chosen.length} rows`, () => this.#judge(chosen, label));
  }

  #judge(chosen, label) {
    const leaving = new Set(chosen.map((each) => each.id));
    const place = Math.max(this.shown.findIndex((each) => each.id === this.current), 0);
    const rest = [...this.shown.slice(place), ...this.shown.slice(0, place).reverse()];
    this.current = rest.find((each) => !leaving.has(each.id))?.id ?? null;
    const reason = this.reason.trim();
    [this.reason, this.pinned] = ["", null];
    this.selected.clear();
    const events = chosen.reduce((sum, each) => sum + each.copies + 1, 0);
    this.#settle(this.ledger.judge(chosen, label, reason), `${plural(events, "event", "events")} judged ${label}`, () => disagreement(this.ledger, leaving, label));
    this.focus();
  }

  undo() {
    const batch = this.ledger.lastBatch();
    if (!batch.length) { this.say("", "There is nothing to undo."); return; }
    this.takeBack(batch);
  }

  takeBack(said) {
    this.#settle(this.ledger.takeBack(said.map((each) => each.key)), `Taken back: ${plural(said.length, "verdict", "verdicts")} of ${said[0].label}`);
  }

  /** Show at once what a write changes, and what became of it when that is known. */
  async #settle(writing, text, after = () => "") {
    this.draw();
    try {
      await writing;
      this.lost = null;
      await this.ledger.refresh();
      this.say("done", text + after());
    } catch (error) {
      this.#failed(error);
    }
    this.draw();
  }

  #failed(error) {
    if (error instanceof LoggedOut) { this.#out(`${sentence(error)}. ${this.ledger.unsaved.length ? "What you judged last is kept: log in again to save it." : ""}`); return; }
    if (isOpen(error)) { this.lost = sentence(error); return; }
    this.say("wrong", `Not saved: ${plainText(error.message)}`);
    this.ledger.refresh().then(() => this.draw(), () => {});
  }

  async #trying(act) {
    try {
      await act();
      this.lost = null;
    } catch (error) {
      this.#failed(error);
    }
  }

  async again() {
    await this.#trying(async () => { await this.ledger.again(); await this.ledger.refresh(); this.say("done", "Saved"); });
    this.draw();
  }

  async #refresh() {
    if (this.refreshing || !this.in) { return; }
    this.refreshing = true;
    const [before, open] = [this.lost, this.item];
    let news = false;
    await this.#trying(async () => { await this.ledger.again(); news = await this.ledger.refresh(); });
    this.refreshing = false;
    if (open && this.ledger.others(open.id).length && !this.ledger.waiting().some((each) => each.id === open.id)) { this.pinned = open; }
    if (news || before !== this.lost) { this.draw(); }
  }

  // --- dialogs and keys

  help() {
    const item = this.item ?? this.shown[0];
    this.#ask("Keyboard", [keyList(this.ledger.tasks.get(item?.task)?.labels ?? [])]);
  }

  #ask(title, content, yes, act) {
    const close = () => { box.close(); };
    const box = dialog(title, content,
      yes ? h("button", { type: "button", class: "primary", onclick: () => { close(); act(); } }, yes) : null,
      h("button", { type: "button", onclick: close }, yes ? "Cancel" : "Close"));
    box.addEventListener("close", () => { box.remove(); this.focus(); });
    document.body.append(box);
    box.showModal();
    box.querySelector("button").focus();
  }

  #key(event) {
    if (!this.in || document.querySelector("dialog[open]")) { return; }
    if (event.key === "Escape") { this.#escape(); return; }
    if (isTyping(event)) {
      if (event.key === "Enter" && event.target.matches("#filter, #reason")) { event.target.blur(); this.focus(); }
      return;
    }
    const inQueue = this.tab === "queue";
    if (event.target.matches?.("[role=tab]") && /^Arrow(Left|Right)$/.test(event.key)) { this.show(inQueue ? "history" : "queue"); return; }
    const label = /^[1-9]$/.test(event.key) ? this.ledger.tasks.get(this.item?.task)?.labels[Number(event.key) - 1] : undefined;
    const actions = {
      u: () => this.undo(), "?": () => this.help(), "/": () => this.place.querySelector("#filter").focus(),
      ...(inQueue ? {
        j: () => this.#move(1), k: () => this.#move(-1), ArrowDown: () => this.#move(1), ArrowUp: () => this.#move(-1),
        x: () => this.current !== null && this.select(this.current), a: () => this.#selectAll(), r: () => this.place.querySelector("#reason")?.focus(),
      } : {}),
    };
    const action = label && inQueue ? () => this.judge(label) : Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (!action || event.repeat && label) { return; } // a key that is held must not judge what was not read
    event.preventDefault();
    action();
  }

  #escape() {
    if (this.selected.size) { this.selected.clear(); } else { this.filter.text = ""; }
    document.activeElement?.blur?.();
    this.draw();
    this.focus();
  }
}

function disagreement(ledger, ids, label) {
  const against = [...ids].flatMap((id) => ledger.others(id)).filter((each) => each.label !== label);
  return against.length ? `; ${against[0].analyst} says ${against[0].label}: both count` : "";
}

// What names the focused element after a redraw.
function focusOf(place) {
  const found = document.activeElement;
  if (!found || !place.contains(found)) { return null; }
  if (found.id) { return `#${found.id}`; }
  if (found.dataset.id) { return `button.open[data-id="${CSS.escape(found.dataset.id)}"]`; }
  return "button.open[aria-current=true]";
}

new Page(document.getElementById("page"), document.getElementById("status")).open();
