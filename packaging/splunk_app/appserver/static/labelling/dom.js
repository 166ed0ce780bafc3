// Elements. Events are written by strangers: what they hold becomes text, never markup.

/** Make an element; `attributes` with "on..." are listeners, `children` are nodes or text. */
export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

/** Whether an element stands on something dark: Splunk has themes, and no word for them here. */
export function isDark(element) {
  for (let each = element; each; each = each.parentElement) {
    const [red, green, blue, alpha] = getComputedStyle(each).backgroundColor.match(/[\d.]+/g) || [];
    if (red !== undefined && alpha !== "0") { return 0.3 * red + 0.6 * green + 0.1 * blue < 128; }
  }
  return false;
}

/** How long ago, in a word. */
export function ago(seconds) {
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  const [size, unit] = steps.find(([each]) => seconds >= each) || [];
  return size ? `${Math.floor(seconds / size)} ${unit} ago` : "just now";
}

const DATE = { year: "numeric", month: "numeric", day: "numeric" };
const HOUR = { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" };

/** A time in the analyst's own zone, which is named: another analyst's may differ. */
export function clock(seconds) {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).toLocaleString(undefined, { ...DATE, ...HOUR }) : "";
}

/** A count with its noun. */
export function plural(count, one, many) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** What an error says, as a sentence begins. */
export function sentence(error) {
  const text = error.message || String(error);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
