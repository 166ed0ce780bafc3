// An event that a search's workflow action sent here: shown first, labelled only when the analyst confirms.
// A link must never write: anyone can send one.

import { h } from "./dom.js";
import { eventFields, eventTime, incidentUid } from "./event.js";
import { keysOf } from "./keys.js";
import { eventFacts } from "./rows.js";

export class Confirm {
  static async fromAddress(page) {
    const asked = new URLSearchParams(window.location.search);
    const [sid, offset] = [asked.get("sid"), asked.get("offset")];
    if (!sid || !/^\d+$/.test(offset || "")) { return; }
    const made = new Confirm(page, asked.get("verdict"));
    // Loading the page again shall not ask again.
    window.history.replaceState(null, "", window.location.pathname);
    await made.open(sid, offset);
  }

  constructor(page, verdict) {
    this.page = page;
    this.words = page.ledger.words;
    this.chosen = this.words.includes(verdict) ? verdict : null;
    this.keydown = (event) => this.#key(event);
  }

  async open(sid, offset) {
    let row = null;
    try {
      row = await this.#read(sid, offset);
      if (row && incidentUid(row)) { await this.page.ledger.readIncident(incidentUid(row)); }
    } catch (error) {
      this.#show(h("p", {}, `The event cannot be read: ${error.message}. Run the search again and try once more.`));
      return;
    }
    if (!row || !incidentUid(row)) {
      this.#show(h("p", {}, row ? "This result is no event of an index: it has no lasting name." : "The search has no such result any more. Run it again."));
      return;
    }
    const fields = eventFields(row);
    this.item = {
      incident_uid: incidentUid(row),
      event: JSON.stringify(fields),
      event_time: eventTime(row),
      detection_id: row.detection_id || "",
      task: row.sftsec_task || "",
    };
    this.#show(...this.#form(fields));
  }

  // A search's own events come by `events`; what it made of them, by `results`.
  async #read(sid, offset) {
    for (const what of ["events", "results"]) {
      const path = `/services/search/v2/jobs/${encodeURIComponent(sid)}/${what}`;
      const answer = await this.page.splunk.get(path, { offset, count: 1 });
      if (answer.results?.length) { return answer.results[0]; }
    }
    return null;
  }

  #form(fields) {
    const ledger = this.page.ledger;
    const [said, retracted] = [ledger.judged().get(this.item.incident_uid) || [], ledger.retracted()];
    const before = (each) => h("li", {}, `${each.verdict} by ${each.analyst}`,
      ledger.canTakeBack(each, retracted) ? h("button", { type: "button", class: "link", onclick: () => this.#takeBack(each) }, "Take back") : null);
    const choice = (word) => h("label", {},
      h("input", { type: "radio", name: "sftsec-verdict", value: word, onchange: () => { this.chosen = word; this.#ready(); }, ...(word === this.chosen ? { checked: true } : {}) }),
      word, h("kbd", {}, keysOf(this.page.keys, word).split(" or ")[0]));
    this.reason = h("input", { type: "text", maxlength: "2000", "aria-label": "Reason", placeholder: "Reason (optional)" });
    this.button = h("button", { type: "button", class: "primary", onclick: () => this.#save() }, "Save verdict", h("kbd", {}, "Enter"));
    return [
      eventFacts(fields),
      said.length ? h("div", { class: "note" }, "Judged before:", h("ul", {}, ...said.map(before))) : null,
      h("fieldset", {}, h("legend", {}, "Verdict"), ...this.words.map(choice)),
      this.reason,
      h("div", { class: "buttons" }, this.button),
    ];
  }

  #show(...content) {
    const cancel = h("button", { type: "button", class: "quiet", onclick: () => this.#close() }, "Cancel", h("kbd", {}, "Esc"));
    this.box = h("div", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": "Judge this event" },
      h("div", { class: "box" }, h("h2", {}, "Judge this event"), ...content, cancel));
    this.page.confirming = true;
    this.page.place.querySelector(".sftsec").append(this.box);
    document.addEventListener("keydown", this.keydown);
    this.#ready();
    (this.button || cancel).focus();
  }

  #ready() {
    if (this.button) { this.button.disabled = !this.chosen; }
  }

  #key(event) {
    if (event.key === "Escape") { this.#close(); return; }
    if (!this.button || event.target === this.reason) {
      if (event.key === "Enter" && this.button && this.chosen) { event.preventDefault(); this.#save(); }
      return;
    }
    const word = this.page.keys.get(event.key);
    if (word) {
      this.box.querySelector(`input[value="${CSS.escape(word)}"]`).click();
    } else if (event.key === "Enter" && this.chosen && !event.target.matches("button")) {
      this.#save();
    } else {
      return;
    }
    event.preventDefault();
  }

  #save() {
    const [page, word] = [this.page, this.chosen];
    this.#close();
    page.settle(page.ledger.judge([this.item], word, this.reason.value.trim()), `The event is judged ${word}`);
  }

  #takeBack(document) {
    this.#close();
    this.page.takeBack(document);
  }

  #close() {
    document.removeEventListener("keydown", this.keydown);
    this.page.confirming = false;
    this.box.remove();
    this.page.draw();
  }
}
