// How an event is named, and which of its fields are shown: the rules of `portable/event_rules.py`,
// so that it has the same name and the same fields wherever it is read.

import { RULES } from "./rules.js"; // `sftsec package splunk` makes it of event_rules.py

const IDENTITY = new Set(RULES.identity);
const METADATA = whole(RULES.metadata);
const PRIVATE = whole(RULES.private);
const REVIEW = whole(RULES.review);
// Fields that describe an event, the most descriptive first.
const DESCRIPTIVE = [
  "message", "subject", "text", "body", "url", "command", "process", "query", "search_name", "signature",
  "user", "sender", "recipient", "src", "dest",
];
// What tells an event from the next, and the fields that may hold it: Splunk's names, then ECS's. The host
// is the one that it happened on; `host` itself is where Splunk got the event.
const KEY_FACTS = [
  ["rule", ["search_name", "rule_name", "rule_title", "rule.name", "signature"]],
  ["severity", ["severity", "urgency", "event.severity"]],
  ["host", ["dest", "dest_host", "orig_host", "host.name", "src_host", "src", "host"]],
  ["user", ["user", "user.name", "src_user", "recipient", "sender"]],
];
const PLACES = new Set(["index", "source", "sourcetype", "host", "_raw"]);

/** @returns {string} the name of a row as the macro `sftsec_uid` computes it; "" without one. */
export function incidentUid(row) {
  const [bucket, address] = [first(row._bkt), first(row._cd)];
  const place = bucket && address ? `${bucket}@@${address}` : "";
  // The author of an event with a place chooses its fields; ours alone are called by their event.
  const given = !place || first(row.sourcetype) === RULES.detection;
  return (given ? first(row.incident_uid) : "") || findingName(row) || place;
}

// The name that Enterprise Security gave a row. Its event_id holds @@; that of a log (4624, say) is a
// kind of event and no name.
function findingName(row) {
  const eventId = first(row.event_id);
  return eventId.includes(RULES.mark) ? eventId : first(row.finding_id);
}

/** The fields of the event itself: no metadata of Splunk, no verdict, no score. */
export function eventFields(row) {
  const finding = Boolean(findingName(row));
  const fields = {};
  for (const key of Object.keys(row).sort()) {
    const name = key.replaceAll("{}", ""); // `to{}` is the field of a JSON array
    const ofReview = finding && (name === "_raw" || IDENTITY.has(name) || REVIEW.test(name));
    if ((name === "_raw" || !name.startsWith("_")) && !METADATA.test(name) && !PRIVATE.test(name) && !ofReview) {
      fields[name] = row[key];
    }
  }
  return fields;
}

/** When an event happened, in seconds since 1970; null where the row has no time. */
export function eventTime(row) {
  for (const name of ["orig_time", "_time"]) {
    const said = first(row[name]);
    const found = /^[\d.]+$/.test(said) ? Number(said) : Date.parse(said) / 1000;
    if (said && Number.isFinite(found)) { return found; }
  }
  return null;
}

/** The fields of the event of a document: none where it holds no object. */
export function readEvent(text) {
  try {
    const found = JSON.parse(text || "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

/** Names and values to show: descriptive fields first, the event's origin last. */
export function inOrder(fields) {
  const rank = (name) => {
    const plain = name.replace(/^orig_/, "").split(".").pop();
    const place = DESCRIPTIVE.indexOf(plain);
    if (place >= 0) { return place; }
    return PLACES.has(name) ? DESCRIPTIVE.length + 1 : DESCRIPTIVE.length;
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== "" && value !== null)
    .map(([name, value]) => [name, shown(value)])
    .sort(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** Names and values of what tells an event from the next: rule, severity, host, user, where it has them. */
export function eventKeyFacts(fields) {
  const value = (names) => names.map((each) => shown(fields[each] ?? "")).find((each) => each.trim());
  return KEY_FACTS.map(([name, names]) => [name, value(names)]).filter(([, found]) => found)
    .map(([name, found]) => [name, found.replace(/\s+/g, " ").slice(0, 100)]);
}

/** One line that describes an event. */
export function headline(fields) {
  const [found] = inOrder(fields);
  return found ? found[1].replace(/\s+/g, " ").slice(0, 300) : "(the event has no fields)";
}

// The flag makes `.` match every character, as in event_rules.py.
function whole(pattern) {
  return new RegExp(`^(?:${pattern})$`, "s");
}

function shown(value) {
  if (Array.isArray(value)) { return value.map(shown).join(", "); }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function first(value) {
  const found = Array.isArray(value) ? value[0] : value;
  return found === undefined || found === null ? "" : String(found);
}
