"""Prose that a person still reads: look-alikes, invisible characters, case, spacing, leet."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.scan import PLACEHOLDER

# Look-alikes of Latin letters by UTS 39, and further ones that people use.
HOMOGLYPHS = {
    "a": "\u0430\u0251\u03b1",
    "c": "\u0441\u03f2\u217d",
    "d": "\u0501\u217e",
    "e": "\u0435\u04bd",
    "g": "\u0261\u0581",
    "h": "\u04bb\u0570",
    "i": "\u0456\u2170",
    "j": "\u0458\u03f3",
    "k": "\u03ba\u043a",
    "l": "\u04cf\u217c",
    "m": "\u217f",
    "n": "\u0578",
    "o": "\u043e\u03bf\u0585",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u0455",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475",
    "w": "\u051d\u0561",
    "x": "\u0445\u2179",
    "y": "\u0443\u04af",
    "A": "\u0410\u0391",
    "B": "\u0412\u0392",
    "C": "\u0421",
    "E": "\u0415\u0395",
    "H": "\u041d\u0397",
    "I": "\u0406\u0399",
    "K": "\u041a\u039a",
    "M": "\u041c\u039c",
    "N": "\u039d",
    "O": "\u041e\u039f",
    "P": "\u0420\u03a1",
    "S": "\u0405",
    "T": "\u0422\u03a4",
    "X": "\u0425\u03a7",
    "Y": "\u04ae\u03a5",
}
LEET = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7"}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"
_OVERRIDE, _POP = "\u202e", "\u202c"
_MARKS = "\u0301\u0308\u0323\u0332\u0336\u0338"
_WIDE = 0xFEE0
_WORD = re.compile(rf"{PLACEHOLDER}|(?P<word>[^\W\d_]{{3,}})")
_GAP = re.compile(r"(?<=[a-z]) (?P<next>[a-z])")
_SHARES = (0.15, 0.4, 1.0)


def _words(target: AttackTarget, random: Random, change: Callable[[str], str]) -> str:
    """Change a share of the words."""
    share = random.choice(_SHARES)

    def changed(match: re.Match[str]) -> str:
        word = match["word"]
        return match[0] if word is None or random.random() > share else change(word)

    return _WORD.sub(changed, target.text)


def _letters(target: AttackTarget, random: Random, change: Callable[[str], str]) -> str:
    """Change a share of the letters of words."""
    share = random.choice(_SHARES)
    return _words(
        target,
        random,
        lambda word: "".join(change(c) if random.random() <= share else c for c in word),
    )


def homoglyphs(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Letters of other scripts that look the same."""
    return _letters(target, random, lambda c: random.choice(HOMOGLYPHS.get(c, c)))


def zero_width(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Characters without a width between letters."""
    return _letters(target, random, lambda c: c + random.choice(INVISIBLE))


def bidi(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Words written backwards between controls that turn them round again on the screen."""
    return _words(target, random, lambda word: f"{_OVERRIDE}{word[::-1]}{_POP}")


def marks(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Accents and strokes over letters."""
    return _letters(target, random, lambda c: c + random.choice(_MARKS))


def full_width(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Letters of double width."""
    return _letters(target, random, lambda c: chr(ord(c) + _WIDE) if c.isascii() else c)


def mixed_case(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Capitals by chance."""
    return _letters(target, random, str.swapcase)


def spacing(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Letters of a word apart: f r e e, f.r.e.e, f-r-e-e."""
    between = random.choice((" ", ".", "-", "_", "*"))
    return _words(target, random, between.join)


def leet(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Digits and signs for letters."""
    return _letters(target, random, lambda c: random.choice(LEET.get(c.lower(), c)))


def joined_words(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Words without the spaces between them, each with a capital."""
    share = random.choice(_SHARES)

    def joined(match: re.Match[str]) -> str:
        return match[0] if random.random() > share else match["next"].upper()

    return _GAP.sub(joined, target.text)


def typos(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Neighbouring letters within a word swapped, or one doubled; the first and last stay."""

    def mistyped(word: str) -> str:
        if len(word) < 4:
            return word
        place = random.randrange(1, len(word) - 2)
        if random.random() < 0.5:
            return word[: place + 1] + word[place:]
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    return _words(target, random, mistyped)
