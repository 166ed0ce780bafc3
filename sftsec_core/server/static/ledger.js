// The queue and the verdicts: what was read, what is written, and what is not written yet.

import { isOpen } from "./api.js";

const PAGE = 200;
const HISTORY = 500;
const AT_ONCE = 500;

export class Ledger {
  constructor(api) {
    this.api = api;
    this.pages = []; // parts of the queue, in their order
    this.verdicts = new Map(); // key to verdict
    this.unsaved = []; // parts of batches whose write nobody has confirmed, in their order
    this.gone = new Set(); // ids that were judged here, until the queue is read again
  }

  /** Take who is logged in; what another analyst left unsaved is not this one's to send. */
  enter({ analyst, tasks }) {
    const lost = this.analyst && this.analyst !== analyst ? this.unsaved.length : 0;
    if (lost) { this.unsaved = []; }
    if (this.analyst !== analyst) { [this.pages, this.verdicts, this.gone] = [[], new Map(), new Set()]; }
    this.analyst = analyst;
    this.tasks = new Map(tasks.map((each) => [each.task, each]));
    return lost;
  }

  // --- reading

  /** Read what is new; resolves to whether anything is. */
  async refresh() {
    const count = Math.max(this.pages.length, 1);
    const first = await this.api.changed(`queue?limit=${PAGE}`);
    const said = await this.api.changed(`verdicts?limit=${HISTORY}`);
    if (said) { this.verdicts = new Map(said.verdicts.map((each) => [each.key, each])); }
    if (first) {
      const pages = [first];
      while (pages.length < count && pages.at(-1).after !== null) { pages.push(await this.#behind(pages.at(-1))); }
      this.pages = pages;
      this.gone = new Set(this.unsaved.flat().map((each) => each.id));
    }
    return Boolean(first || said);
  }

  /** Read the next part of the queue. */
  async more() {
    const last = this.pages.at(-1);
    if (last && last.after !== null) { this.pages.push(await this.#behind(last)); }
  }

  #behind(page) {
    return this.api.call("GET", `queue?limit=${PAGE}&after=${page.after}`);
  }

  get hasMore() { return this.pages.length > 0 && this.pages.at(-1).after !== null; }

  /** How many wait, with those that were not read. */
  get count() {
    const loaded = this.pages.reduce((sum, each) => sum + each.items.length, 0);
    return this.pages.length ? this.pages[0].waiting - loaded + this.waiting().length : 0;
  }

  waiting() {
    const judged = this.gone;
    return this.pages.flatMap((each) => each.items).filter((each) => !judged.has(each.id));
  }

  history() { return [...this.verdicts.values()]; }

  /** The verdicts of others that count on an incident. */
  others(id) {
    return this.history().filter((each) => each.id === id && each.analyst !== this.analyst && each.retracted === null);
  }

  /** This analyst's newest verdicts that count: those that were given together. */
  lastBatch() {
    const mine = this.history().filter((each) => each.analyst === this.analyst && each.retracted === null);
    const newest = Math.max(...mine.map((each) => each.at));
    return mine.filter((each) => each.at === newest);
  }

  // --- writing

  /** Judge items alike. */
  judge(items, label, reason) {
    const batch = items.map((each) => ({ key: newKey(), id: each.id, label, reason: reason || null }));
    for (const each of batch) { this.gone.add(each.id); }
    for (let at = 0; at < batch.length; at += AT_ONCE) { this.unsaved.push(batch.slice(at, at + AT_ONCE)); }
    return this.#inTurn(() => this.again());
  }

  /** Take verdicts back. */
  takeBack(keys) {
    return this.#inTurn(async () => {
      for (let at = 0; at < keys.length; at += AT_ONCE) { this.#merge(await this.api.retract(keys.slice(at, at + AT_ONCE))); }
      await this.refresh();
    });
  }

  /** Send again what nobody has confirmed, under the same keys. */
  async again() {
    while (this.unsaved.length) {
      const [part] = this.unsaved;
      try {
        this.#merge(await this.api.judge(part));
      } catch (error) {
        if (!isOpen(error)) { this.#forget(part); }
        throw error;
      }
      this.unsaved = this.unsaved.filter((each) => each !== part);
    }
  }

  // One write after the other: a verdict is not taken back before it is there.
  #inTurn(write) {
    this.last = (this.last || Promise.resolve()).catch(() => {}).then(write);
    return this.last;
  }

  #merge({ verdicts }) {
    for (const each of verdicts) {
      const known = this.verdicts.get(each.key);
      const item = this.pages.flatMap((page) => page.items).find((one) => one.id === each.id);
      this.verdicts.set(each.key, { ...each, fields: known?.fields ?? item?.fields ?? {}, event_at: known?.event_at ?? item?.at ?? null });
    }
  }

  #forget(part) {
    for (const each of part) { this.gone.delete(each.id); }
    this.unsaved = this.unsaved.filter((each) => each !== part);
  }
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}
