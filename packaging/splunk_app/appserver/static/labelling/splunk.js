// splunkd's REST API, by way of Splunk Web: the browser's session, and nobody else's rights.

const TIMEOUT_MS = 30000;
const DAY_S = 86400;
const COLLECTIONS = "/servicesNS/nobody/sftsec/storage/collections/data/";

/** The session is over: log in again, and send the same once more. */
export class LostSession extends Error {}

/** Nobody answered: what was sent may have been carried out. */
export class NoAnswer extends Error {}

/** Splunk refused; `status` is HTTP's. */
export class Refused extends Error {
  constructor(status, text) {
    super(text || `Splunk answers ${status}`);
    this.status = status;
  }
}

export class Splunk {
  /** @param {string} root what stands before `/app/` in the address: "/en-US" */
  constructor(root) {
    this.root = root;
    this.ahead = 0; // seconds that this browser's clock is ahead of Splunk's
  }

  /** Splunk's time, in seconds since 1970. */
  now() {
    return Date.now() / 1000 - this.ahead;
  }

  get(path, query = {}) {
    return this.call("GET", path, query);
  }

  /** Documents of a collection, as the KV store is asked for them. */
  find(collection, query) {
    return this.get(COLLECTIONS + collection, query);
  }

  /** Write documents; one whose `_key` is there is replaced, so that a repeat changes nothing. */
  save(collection, documents) {
    return this.call("POST", `${COLLECTIONS}${collection}/batch_save`, {}, documents);
  }

  /**
   * Where an incident is shown elsewhere, as texts and addresses. An event is written by strangers, and so may
   * be what names it: a name of another form makes no link, since a link to a search runs it.
   */
  links({ incident_uid: uid, event_time: at }) {
    const app = (path, query) => `${this.root}/app/${path}?${new URLSearchParams(query)}`;
    if (/^[\w-]+@@notable@@[\w-]+$/.test(uid)) {
      const range = Number.isFinite(at) ? { earliest: Math.floor(at - DAY_S), latest: "now" } : { earliest: "-90d", latest: "now" };
      return [["Finding", app("SplunkEnterpriseSecuritySuite/incident_review", { ...range, search: `event_id=${uid}` })]];
    }
    const [, index] = /^([\w-]+)~\d+~[\w-]+@@\d+:\d+$/.exec(uid) || [];
    const [, place, id] = /^([\w-]+)#([\w.:@-]+)$/.exec(uid) || [];
    if (!Number.isFinite(at) || !(index || place)) { return []; }
    const q = index ? `search index="${index}" | \`sftsec_uid\` | where incident_uid="${uid}"` : `search index="${place}" "${id}"`;
    return [["Raw event", app("sftsec/search", { q, earliest: Math.floor(at) - 1, latest: Math.floor(at) + 2 })]];
  }

  async call(method, path, query, document) {
    const asked = new URLSearchParams({ output_mode: "json", ...query });
    const headers = { "X-Requested-With": "XMLHttpRequest", "X-Splunk-Form-Key": formKey() };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // The way to the login page is all that Splunk Web would redirect to.
    const request = { method, headers, signal, credentials: "same-origin", cache: "no-store", redirect: "manual" };
    if (document !== undefined) {
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(document);
    }
    const answer = await reach(`${this.root}/splunkd/__raw${path}?${asked}`, request);
    // Without a session, or with a form key of an earlier one: 401, the login page, or the way to it.
    const isPage = (answer.headers.get("Content-Type") || "").startsWith("text/html");
    if (answer.type === "opaqueredirect" || answer.status === 401 || (answer.ok && isPage)) {
      throw new LostSession("your Splunk session has ended");
    }
    this.#setClock(answer.headers.get("Date"));
    const content = await answer.json().catch(() => null);
    if (answer.ok && content === null) { throw new NoAnswer("Splunk's answer cannot be read"); }
    if (!answer.ok) {
      throw new Refused(answer.status, (content?.messages || []).map((each) => each.text).join("; "));
    }
    return content;
  }

  #setClock(date) {
    const theirs = Date.parse(date || "");
    // The header has whole seconds, and the answer took a while: less than a few says nothing.
    const ahead = (Date.now() - theirs) / 1000;
    if (Number.isFinite(ahead)) { this.ahead = Math.abs(ahead) > 5 ? ahead : 0; }
  }
}

async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch {
    throw new NoAnswer("Splunk does not answer");
  }
}

// The token against forged requests, read anew each time: a login makes another. A browser holds one
// for each Splunk Web of a host, told apart by the port that this one has configured, which behind a
// proxy is not the port of the address.
function formKey() {
  const found = new Map();
  for (const each of document.cookie.split(/; */)) {
    const [, port, value] = /^splunkweb_csrf_token_(\d+)=(.*)$/.exec(each) || [];
    if (port) { found.set(port, decodeURIComponent(value)); }
  }
  const port = String(window.$C?.MRSPARKLE_PORT_NUMBER ?? window.location.port);
  return found.get(port) ?? found.values().next().value ?? "";
}
