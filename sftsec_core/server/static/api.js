// The server's interface, with the session's cookie. The token itself is sent once, to log in, and kept nowhere.

const TIMEOUT_MS = 30000;
const ROOT = new URL("v1/labels/", document.baseURI);

/** Nobody is logged in (any more): log in, and send the same once more. */
export class LoggedOut extends Error {}

/** Nobody answered, or not now: what was sent may be sent again as it is. */
export class NoAnswer extends Error {}

/** The server refused; `status` is HTTP's. */
export class Refused extends Error {
  constructor(status, text) {
    super(text || `the server answers ${status}`);
    this.status = status;
  }
}

export class Api {
  constructor() {
    this.etags = new Map(); // path to the last ETag
  }

  session() { return this.call("GET", "session"); }

  async logIn(token) {
    if (!/^[!-~]+$/.test(token)) { throw new Refused(401, "a token has no blanks and only ASCII characters"); }
    this.etags.clear();
    return this.call("POST", "session", undefined, { Authorization: `Bearer ${token}` });
  }

  logOut() { return this.call("DELETE", "session"); }

  /** What a path holds; null when it has not changed since the last call. */
  async changed(path) {
    const known = this.etags.get(path);
    return this.call("GET", path, undefined, known ? { "If-None-Match": known } : {});
  }

  judge(verdicts) { return this.call("POST", "verdicts", { verdicts }); }

  retract(keys) { return this.call("POST", "retractions", { keys }); }

  async call(method, path, body, headers = {}) {
    const request = {
      method, cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { "X-Sftsec-Page": "1", ...headers },
    };
    if (body !== undefined) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    const answer = await reach(new URL(path, ROOT), request);
    if (answer.status === 304 || answer.status === 204) { return null; }
    const content = await answer.json().catch(() => null);
    if (answer.status === 401) { throw new LoggedOut(headers.Authorization ? "this token is not known" : "you are not logged in"); }
    if (answer.status === 429 || answer.status === 503) { throw new NoAnswer(content?.detail || "the server is busy"); }
    if (!answer.ok) { throw new Refused(answer.status, content?.detail); }
    if (content === null) { throw new NoAnswer("the server's answer cannot be read"); }
    const etag = answer.headers.get("ETag");
    if (etag && method === "GET") { this.etags.set(path, etag); }
    return content;
  }
}

async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch {
    throw new NoAnswer("the server does not answer");
  }
}

/** Whether what was sent may be sent again as it is: nobody refused it. */
export function isOpen(error) {
  return error instanceof LoggedOut || error instanceof NoAnswer;
}
