"""Words of a command or a query that may be written otherwise, and what stands around them.

Quotes, expansions and escapes are left alone. A quote at the very beginning closes one of the
program that the text is put into, as injections do; after a quote that never ends nothing is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

PLACEHOLDER = r"<[A-Z_]{2,16}:[0-9a-f]{8}>"
"""What the redaction leaves of a value: no attack and no defence changes it."""

_SINGLE, _DOUBLE = r"(?:'|%27)", r"(?:\"|%22)"
_SCAN = re.compile(
    rf"(?P<kept>{PLACEHOLDER})"
    rf"|(?P<quoted>{_SINGLE}.*?{_SINGLE}|{_DOUBLE}.*?{_DOUBLE})"
    rf"|(?P<open>{_SINGLE}|{_DOUBLE})"
    r"|(?P<escape>%[0-9A-Fa-f]{2}|\\.|\^.)"
    r"|(?P<comment>/\*.*?\*/|<\#.*?\#>)"
    r"|(?P<expansion>\$\(\(.*?\)\)|\$\{[^}]*\}|\$\w+|\$[^(\w])"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]+)"
    r"|(?P<space>[ ]+)"
    r"|(?P<other>.)",
    re.S,
)
_CLOSES = re.compile(rf"\A\s*(?:[^\s\"'%]{{0,3}}|\d{{0,9}})(?:{_SINGLE}|{_DOUBLE})")
_SHARE = (0.25, 0.5, 1.0)  # of the places that an attack may take


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text: its kind, where it stands, and what it is."""

    kind: str
    start: int
    text: str

    @property
    def end(self) -> int:
        """One past its last character."""
        return self.start + len(self.text)


def tokens(text: str, *, injected: bool | None = None) -> Iterator[Token]:
    """The pieces of a text in their order, up to a quote that never ends.

    Args:
        text: a command or a query, or what is put into one.
        injected: whether a quote at its beginning closes one before it; None: where quotes are odd.
    """
    closing = _CLOSES.match(text)
    place = 0
    if closing and (_odd_quotes(text) if injected is None else injected):
        place = closing.end()
        yield Token("other", 0, text[:place])
    for match in _SCAN.finditer(text, place):
        kind = match.lastgroup or "other"
        if kind == "open":
            return
        yield Token(kind, match.start(), match[0])


def _odd_quotes(text: str) -> bool:
    singles = len(re.findall(_SINGLE, text))
    doubles = len(re.findall(_DOUBLE, text))
    return bool(singles % 2 or doubles % 2)


def rewrite_some(
    text: str, places: list[Token], change: Callable[[str], str], random: Random
) -> str:
    """Change some of the places, at least one; the text as it is where there are none."""
    if not places:
        return text
    count = max(1, round(random.choice(_SHARE) * len(places)))
    for token in sorted(random.sample(places, count), key=lambda each: -each.start):
        text = text[: token.start] + change(token.text) + text[token.end :]
    return text


def any_case(text: str, random: Random) -> str:
    """Letters in upper or lower case by chance."""
    return "".join(random.choice((str.lower, str.upper))(letter) for letter in text)
