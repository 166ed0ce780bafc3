// What the keyboard does.

const TAKEN = "jkxazrg/?";

/** The keys of the verdicts: a digit each, and a letter where one is free. */
export function verdictKeys(words) {
  const keys = new Map();
  words.slice(0, 9).forEach((word, place) => {
    keys.set(String(place + 1), word);
    const letter = [...word.toLowerCase()].find((each) => /[a-z]/.test(each) && !TAKEN.includes(each) && !keys.has(each));
    if (letter && letter === word[0].toLowerCase()) { keys.set(letter, word); }
  });
  return keys;
}

/** The keys of a word, for people: "m or 1". */
export function keysOf(keys, word) {
  const found = [...keys].filter(([, each]) => each === word).map(([key]) => key);
  return found.reverse().join(" or ");
}

export const HELP = [
  ["j  k", "next, previous"],
  ["x", "select, or let go"],
  ["Shift J  Shift K", "select on the way"],
  ["a", "select all that are shown, or none"],
  ["z", "undo the last verdict, a bulk as a whole"],
  ["g", "show alike incidents one by one, or together"],
  ["r", "give a reason with the next verdict"],
  ["/", "filter"],
  ["?", "this help"],
  ["Esc", "close, let go"],
];

/** Whether a key is meant for what has the focus. */
export function isTyping(event) {
  const target = event.target;
  const box = target.closest?.("input, textarea, select, [contenteditable]");
  const switched = box?.matches("input[type=checkbox], input[type=radio]");
  return Boolean(box && !switched) || event.ctrlKey || event.metaKey || event.altKey;
}
