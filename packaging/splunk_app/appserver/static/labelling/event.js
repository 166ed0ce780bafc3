// What an event is called, and which of its fields are its own: the rules are those of
// bin/sftsec_app/fields.py, so that it has one name and one text whichever way it comes.

// How Enterprise Security names its own; in a log they may be anything.
const NAMES = new Set(["event_id", "event_hash", "rule_id", "finding_id"]);
// What Splunk says of an event, and nobody ever wrote.
const NOISE = new RegExp(
  "^(linecount|splunk_server(_group)?|punct|timestartpos|timeendpos|date_\\w+|eventtype|tag(::.*)?|" +
  "info_\\w+|detection_id|incident_uid)$");
// What analysts said, and what sftsec said: a model that read it would learn nothing else.
const PRIVATE = new RegExp(
  "^(sftsec_.*|disposition.*|verdicts?(_.*)?|review(er|ed|_).*|analyst|labels?_by|" +
  "investigation_.*|notable_xref.*)$");
// In Enterprise Security these are words of a review; in a log they may be anything.
const REVIEWED = new RegExp(
  "^(status(_.*)?|owner(_.*)?|comments?|urgency|assignee(_.*)?|closed_by|notes?|count_findings|" +
  "consolidated_findings.*|(create|update)_time|sensitivity)$");
// Where an event says what it is, the most telling first.
const TELLING = [
  "message", "subject", "text", "body", "url", "command", "process", "query", "search_name", "signature",
  "user", "sender", "recipient", "src", "dest",
];
const PLACES = new Set(["index", "source", "sourcetype", "host", "_raw"]);

/** @returns {string} the name of a row as the macro `sftsec_uid` gives it; "" where it has none. */
export function incidentUid(row) {
  const found = first(row.incident_uid) || named(row);
  if (found) { return found; }
  const [bucket, place] = [first(row._bkt), first(row._cd)];
  return bucket && place ? `${bucket}@@${place}` : "";
}

// What Enterprise Security calls a row: its event_id holds @@; that of a log (4624, say) is the kind
// of an event, and no name.
function named(row) {
  const eventId = first(row.event_id);
  return eventId.includes("@@") ? eventId : first(row.finding_id);
}

/** The fields of a row's event: without Splunk's own, an analyst's words, or sftsec's. */
export function eventFields(row) {
  const reviewed = Boolean(named(row));
  const fields = {};
  for (const name of Object.keys(row).sort()) {
    const theirs = reviewed && (name === "_raw" || NAMES.has(name) || REVIEWED.test(name));
    if ((name === "_raw" || !name.startsWith("_")) && !NOISE.test(name) && !PRIVATE.test(name) && !theirs) {
      fields[name.endsWith("{}") ? name.slice(0, -2) : name] = row[name];
    }
  }
  return fields;
}

/** When an event happened, in seconds since 1970; null where the row does not say. */
export function eventTime(row) {
  for (const name of ["orig_time", "_time"]) {
    const said = first(row[name]);
    const found = /^[\d.]+$/.test(said) ? Number(said) : Date.parse(said) / 1000;
    if (said && Number.isFinite(found)) { return found; }
  }
  return null;
}

/** The fields of a document's event: nothing where it holds no object. */
export function readEvent(text) {
  try {
    const found = JSON.parse(text || "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

/** Names and values to show, the telling ones first, where the event came from last. */
export function inOrder(fields) {
  const rank = (name) => {
    const plain = name.replace(/^orig_/, "").split(".").pop();
    const place = TELLING.indexOf(plain);
    if (place >= 0) { return place; }
    return PLACES.has(name) ? TELLING.length + 1 : TELLING.length;
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== "" && value !== null)
    .map(([name, value]) => [name, shown(value)])
    .sort(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** One line that says what an event is. */
export function headline(fields) {
  const [found] = inOrder(fields);
  return found ? found[1].replace(/\s+/g, " ").slice(0, 300) : "(the event has no fields)";
}

function shown(value) {
  if (Array.isArray(value)) { return value.map(shown).join(", "); }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function first(value) {
  const found = Array.isArray(value) ? value[0] : value;
  return found === undefined || found === null ? "" : String(found);
}
