// Copies of one event: incidents that say the same, of other users or hosts. One verdict may serve all of
// them; each gets a verdict of its own.

// What an event says, by the last part of a field's name. Two events without any of these are alike only
// when all their fields are: the same rule alone makes no copies.
const CONTENT = new Set([
  "message", "subject", "text", "body", "url", "full", "command", "command_line", "process", "query",
]);
const keys = new WeakMap();

/** What the copies of an event have in common, as a text. */
export function alikeKey(item) {
  if (!keys.has(item)) { keys.set(item, JSON.stringify([item.task || "", ...content(item.fields)])); }
  return keys.get(item);
}

function content(fields) {
  const named = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  const said = named.filter(([name, value]) => isContent(name) && String(value).trim());
  return said.length ? said : named;
}

function isContent(name) {
  return CONTENT.has(name.replace(/^orig_/, "").split(".").pop());
}

/**
 * Put copies together, where the first of them stands.
 * @param {Set} apart keys of those that are to be shown one by one
 * @returns the first of each, with all as `copies` and with how many there are in all as `alike`.
 */
export function together(items, apart) {
  const groups = new Map();
  for (const each of items) {
    const key = alikeKey(each);
    if (!groups.has(key)) { groups.set(key, []); }
    groups.get(key).push(each);
  }
  return [...groups].flatMap(([key, copies]) => (apart.has(key)
    ? copies.map((each) => ({ ...each, key, copies: [each], alike: copies.length }))
    : [{ ...copies[0], key, copies, alike: copies.length }]));
}

/** Fields in which copies differ, each with how many values it has there: `[["user", 12]]`. */
export function differences(copies) {
  const names = new Set(copies.flatMap((each) => Object.keys(each.fields)));
  return [...names].map((name) => [name, new Set(copies.map((each) => JSON.stringify(each.fields[name] ?? null))).size])
    .filter(([, count]) => count > 1)
    .sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1));
}

// In which order the queue is shown; `wanted` is the model's own.
export const ORDERS = new Map([
  ["wanted", ["Most wanted", null]],
  ["alike", ["Most alike", (one, other) => other.alike - one.alike]],
  ["attack", ["Most probable attack", (one, other) => (other.probability ?? -1) - (one.probability ?? -1)]],
  ["newest", ["Newest event", (one, other) => (other.event_time ?? 0) - (one.event_time ?? 0)]],
]);

/** Items in one of the orders; those that are equal in it stay as they are. */
export function ordered(items, order) {
  const compare = ORDERS.get(order)?.[1];
  return compare ? [...items].sort(compare) : items;
}
