// The queue and the verdicts: what is read, what is written, and what is not written yet.

import { LostSession, NoAnswer } from "./splunk.js";
import { readEvent } from "./event.js";

const QUEUE = "sftsec_queue";
const VERDICTS = "sftsec_verdicts";
const PAGE = 1000;
const MOST = 10000;
const AT_ONCE = 500; // Splunk 9 takes 1,000 documents a request
const BYTES_AT_ONCE = 8 * 2 ** 20; // and 50 MB
const BETWEEN_REQUESTS_S = 30;
const WEEK_S = 7 * 86400;
const OVERLAP_S = 900; // another's clock, and a write that was on its way

/** Somebody else has logged in meanwhile: what the analyst said is not theirs to say. */
export class OtherAnalyst extends Error {}

export class Ledger {
  constructor(splunk) {
    this.splunk = splunk;
    this.analyst = "";
    this.verdicts = new Map(); // `_key` to document, those that were read and those given here
    this.asked = new Map(); // `_key` to document of the queue, each with `fields`, its event's
    this.queue = []; // the same in their order
    this.more = false; // whether the queue holds more than was read
    this.unsaved = []; // parts of batches whose write nobody has confirmed, in their order
    this.strange = false; // whether somebody may have logged in since the last answer
    this.done = []; // batches of verdicts of this visit, the newest last: what undo takes back
  }

  // --- reading

  async open() {
    const { username, capabilities } = await this.#context();
    this.analyst = username;
    this.may = (capabilities || []).includes("sftsec_label");
    const [settings] = await Promise.all([
      this.splunk.get("/servicesNS/nobody/sftsec/configs/conf-sftsec/labelling"),
      this.refresh(),
    ]);
    const words = String(settings.entry[0].content.verdicts || "").split(",").map((each) => each.trim());
    this.words = words.filter(Boolean);
  }

  async #context() {
    const context = await this.splunk.get("/services/authentication/current-context");
    return context.entry[0].content;
  }

  /** Read the queue, and the verdicts that are new since the last time. */
  async refresh() {
    const now = this.splunk.now();
    const asked = await this.#news(QUEUE, "requested", this.asked);
    this.more = asked.length >= MOST;
    const oldest = Math.min(now - WEEK_S, ...asked.map((each) => each.requested || now).slice(-1));
    const since = this.read === undefined ? oldest - 3600 : this.read - OVERLAP_S;
    const said = await this.#news(VERDICTS, "time", this.verdicts, since);
    for (const each of said) { this.verdicts.set(each._key, each); }
    this.read = now;
    this.asked = new Map(asked.map((each) => [each._key, each.fields ? each : { ...each, fields: readEvent(each.event) }]));
    this.queue = mostWanted([...this.asked.values()]);
  }

  // The documents of a collection, the newest first, those that are known as they are. An event may be large:
  // what is there is listed without it, and only what is new, or was written again, is read.
  async #news(collection, stamp, known, since = null) {
    const [sort, from] = [`${stamp}:-1`, (least) => (least === null ? {} : { query: JSON.stringify({ [stamp]: { $gte: least } }) })];
    if (!known.size) { return this.#pages(collection, { sort, ...from(since) }); }
    const listed = await this.#pages(collection, { sort, fields: `_key,${stamp}`, ...from(since) });
    const fresh = listed.filter((each) => known.get(each._key)?.[stamp] !== each[stamp] || !known.has(each._key));
    const least = fresh.some((each) => !Number.isFinite(each[stamp])) ? since : Math.min(...fresh.map((each) => each[stamp]));
    const read = fresh.length ? await this.#pages(collection, { sort, ...from(least) }) : [];
    const found = new Map(read.map((each) => [each._key, each]));
    return listed.map((each) => found.get(each._key) ?? known.get(each._key)).filter(Boolean);
  }

  /** Read all that was said of one incident, also what is older than `refresh` reads. */
  async readIncident(uid) {
    const said = await this.#pages(VERDICTS, { query: JSON.stringify({ incident_uid: uid }), sort: "time:-1" });
    for (const each of said) { this.verdicts.set(each._key, each); }
  }

  async #pages(collection, query) {
    const found = [];
    while (found.length < MOST) {
      const page = await this.splunk.find(collection, { ...query, skip: found.length, limit: PAGE });
      found.push(...page);
      if (page.length < PAGE) { break; }
    }
    return found;
  }

  /** The keys of the verdicts that were taken back. */
  retracted() {
    return new Set([...this.verdicts.values()].map((each) => each.retracts).filter(Boolean));
  }

  /** The verdicts that count, by incident, the oldest first. */
  judged() {
    const [gone, found] = [this.retracted(), new Map()];
    for (const each of this.history().reverse()) {
      if (each.verdict && !gone.has(each._key)) {
        found.set(each.incident_uid, [...(found.get(each.incident_uid) || []), each]);
      }
    }
    return found;
  }

  /** What waits: the most wanted first. */
  waiting() {
    const judged = this.judged();
    return this.queue.filter((each) => !judged.has(each.incident_uid));
  }

  /** All that was said, the newest first. */
  history() {
    return [...this.verdicts.values()].sort((one, other) => other.time - one.time);
  }

  // --- writing: what is said counts here at once, and is taken off again when Splunk refuses it

  /** Judge incidents alike; `items` have incident_uid, event and so on, as the queue has them. */
  judge(items, verdict, reason) {
    const batch = items.map((each) => ({
      ...this.#document(each.incident_uid),
      verdict,
      reason,
      event: each.event || "{}",
      detection_id: each.detection_id || "",
      task: each.task || "",
      ...(Number.isFinite(each.event_time) ? { event_time: each.event_time } : {}),
    }));
    this.done.push(batch);
    return this.#write(batch);
  }

  /** Take the newest batch of this visit back; resolves to its verdicts, null when there is none. */
  async undo() {
    const batch = this.done.pop();
    if (!batch) { return null; }
    try {
      await this.#write(batch.map((each) => this.#retraction(each)));
    } catch (error) {
      if (!isOpen(error)) { this.done.push(batch); }
      throw error;
    }
    return batch;
  }

  /** Whether a verdict is this analyst's own and counts, wherever and whenever it was given. */
  canTakeBack(document, retracted) {
    return Boolean(document.verdict) && document.analyst === this.analyst && !retracted.has(document._key);
  }

  /** Take one verdict back; undo no longer does. */
  takeBack(document) {
    this.done = this.done.map((batch) => batch.filter((each) => each._key !== document._key)).filter((batch) => batch.length);
    return this.#write([this.#retraction(document)]);
  }

  #retraction(document) {
    return { ...this.#document(document.incident_uid), verdict: "", reason: "", retracts: document._key };
  }

  /** Send again what nobody has confirmed: the same documents under the same keys. */
  async again() {
    if (this.strange) {
      const { username } = await this.#context();
      if (username !== this.analyst) {
        throw new OtherAnalyst(`${username} is logged in: what ${this.analyst} said waits for ${this.analyst}`);
      }
      this.strange = false;
    }
    while (this.unsaved.length) { await this.#send(this.unsaved[0]); }
  }

  #document(uid) {
    return {
      _key: newKey(),
      incident_uid: uid,
      analyst: this.analyst,
      time: this.splunk.now(),
      automated: false,
      retracts: "",
      source: "page",
    };
  }

  #write(batch) {
    for (const each of batch) { this.verdicts.set(each._key, each); }
    this.unsaved.push(...parts(batch));
    // One after the other: a verdict is not taken back before it is there.
    this.last = (this.last || Promise.resolve()).catch(() => {}).then(() => this.again());
    return this.last;
  }

  async #send(part) {
    try {
      await this.splunk.save(VERDICTS, part);
    } catch (error) {
      this.strange ||= error instanceof LostSession;
      if (!isOpen(error)) { this.#forget(part); }
      throw error;
    }
    this.unsaved = this.unsaved.filter((each) => each !== part);
  }

  // Splunk refused it: it was never said. The other parts of its batch stand, and can be taken back.
  #forget(part) {
    const refused = new Set(part);
    for (const each of part) { this.verdicts.delete(each._key); }
    this.unsaved = this.unsaved.filter((each) => each !== part);
    this.done = this.done.map((batch) => batch.filter((each) => !refused.has(each))).filter((batch) => batch.length);
  }
}

/** Whether what was sent may be sent again as it is: nobody refused it. */
export function isOpen(error) {
  return error instanceof LostSession || error instanceof NoAnswer || error instanceof OtherAnalyst;
}

// The newest request first; within it, the order in which the model asked. The documents of one
// request were written one behind the other.
function mostWanted(documents) {
  const requests = [];
  let last = -Infinity;
  const at = (each) => each.requested || 0;
  for (const each of [...documents].sort((one, other) => at(one) - at(other))) {
    if (at(each) - last > BETWEEN_REQUESTS_S) { requests.push([]); }
    requests.at(-1).push(each);
    last = at(each);
  }
  return requests.reverse().flat();
}

function* parts(documents) {
  let [part, size] = [[], 0];
  for (const each of documents) {
    const length = each.event ? each.event.length * 3 : 0; // UTF-8 at its longest
    if (part.length === AT_ONCE || (part.length && size + length > BYTES_AT_ONCE)) {
      yield part;
      [part, size] = [[], 0];
    }
    part.push(each);
    size += length;
  }
  if (part.length) { yield part; }
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}
