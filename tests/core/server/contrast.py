"""What a page shows too faintly, measured in the browser."""

from __future__ import annotations

# Text whose contrast with what it stands on is below 4.5, or 3 where it is large (WCAG 2.2, 1.4.3).
FAINT = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const found = [];
  let count = 0;
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
      || (e.matches("input, select") && (e.value || e.placeholder));
    if (!own || e.disabled || e.closest(":disabled") || !e.getClientRects().length) continue;
    count += 1;
    const style = getComputedStyle(e);
    const colour = e.matches("input") && !e.value
      ? getComputedStyle(e, "::placeholder").color : style.color;
    const [one, other] = [light(parse(colour)), light(ground(e))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push([e.textContent.slice(0, 40), ratio]);
  }
  return [count, found];
}"""
