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
export function visible(text) {
  const made = h("bdi");
  let last = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (isShown(found[0])) { continue; }
    made.append(text.slice(last, found.index), h("span", { class: "escape" }, code(found[0])));
    last = found.index + found[0].length;
  }
  made.append(text.slice(last));
  return made;
}

/** A long text's beginning, with a button for the rest; `whole` is its length before it was sent. */
export function folded(text, whole = text.length) {
  if (text.length <= FOLD && whole <= text.length) { return [visible(text)]; }
  const place = h("span", {}, visible(text.slice(0, FOLD)));
  const left = (count) => `${count.toLocaleString()} more characters`;
  const cut = whole > text.length ? h("span", { class: "note" }, ` … ${left(whole - text.length)} are not shown here`) : null;
  if (text.length <= FOLD) { return [place, cut]; }
  const button = h("button", { type: "button", class: "link" }, `Show ${left(text.length - FOLD)}`);
  button.addEventListener("click", () => { place.replaceChildren(visible(text)); button.remove(); });
  return [place, " … ", button, cut].filter(Boolean);
}
