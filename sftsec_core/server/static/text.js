// Text of strangers, made visible: what a browser would not draw, or would draw elsewhere, is shown
// as its code point. Nothing here makes markup of it.

import { h } from "./dom.js";

// Controls, formats (the bidirectional ones above all), separators that break lines, tags, halves of
// surrogate pairs, and fillers that look like nothing. A line feed and a tab stay.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0\u{e0100}-\u{e01ef}]/gu;
const FOLD = 400; // characters before "more"

function code(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function isShown(character) {
  return character === "\n" || character === "\t";
}

/** The text with code points in the place of what cannot be seen: for attributes. */
export function plainText(text) {
  return text.replace(HIDDEN, (each) => (isShown(each) ? each : `[${code(each)}]`));
}

/** The text as nodes, what cannot be seen as marked code points; isolated, so that a text of
 * another direction does not move its neighbours. */
export function visible(text) { return h("bdi", {}, ...escaped(text)); }

function escaped(text) {
  const made = [];
  let last = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (isShown(found[0])) { continue; }
    made.push(text.slice(last, found.index), h("span", { class: "escape" }, code(found[0])));
    last = found.index + found[0].length;
  }
  made.push(text.slice(last));
  return made;
}

/** A text's beginning with the words that decided marked: "+" and solid for those that speak for the
 * label, "-" and dotted against it. `marks` are from placed(). The signs are not part of the text. */
function marked(text, marks, end) {
  const made = h("bdi");
  let last = 0;
  for (const { from, to, contribution } of marks) {
    if (from < last || from >= end) { continue; }
    const sign = contribution > 0 ? "for" : "against";
    made.append(...escaped(text.slice(last, from)), h("mark", { class: sign, title: figure(contribution) }, ...escaped(text.slice(from, to))));
    last = to;
  }
  made.append(...escaped(text.slice(last, Math.max(last, end))));
  return made;
}

/** What a word adds, with its sign. */
export function figure(contribution) {
  return `${contribution > 0 ? "+" : "\u2212"}${Math.abs(contribution).toFixed(2)}`;
}

/** The marks of a text in its order, their places in UTF-16 instead of code points. */
export function placed(text, marks) {
  const offsets = [0];
  if (marks.length) { for (const each of text) { offsets.push(offsets.at(-1) + each.length); } }
  return marks.map(({ span, contribution }) => ({ from: offsets[span[0]], to: offsets[span[1]], contribution }))
    .filter(({ from, to }) => from < to).sort((one, other) => one.from - other.from);
}

/** A long text's beginning, with a button for the rest; `whole` is its length before it was sent,
 * `marks` are from placed(). */
export function folded(text, whole = text.length, marks = []) {
  if (text.length <= FOLD && whole <= text.length) { return [marked(text, marks, text.length)]; }
  const place = h("span", {}, marked(text, marks, Math.min(FOLD, text.length)));
  const left = (count) => `${count.toLocaleString()} more characters`;
  const cut = whole > text.length ? h("span", { class: "note" }, ` … ${left(whole - text.length)} are not shown here`) : null;
  if (text.length <= FOLD) { return [place, cut]; }
  const hidden = marks.filter(({ from }) => from >= FOLD).length;
  const button = h("button", { type: "button", class: "link" }, `Show ${left(text.length - FOLD)}${hidden ? `, ${hidden} marked` : ""}`);
  button.addEventListener("click", () => { place.replaceChildren(marked(text, marks, text.length)); button.remove(); });
  return [place, " … ", button, cut].filter(Boolean);
}
