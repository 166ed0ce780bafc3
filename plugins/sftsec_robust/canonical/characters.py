"""Characters: look-alikes, invisible ones, accents, leet, letters that stand apart."""

from __future__ import annotations

import re

_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?<![\w@$])[\w@$]{4,40}(?![\w@$])")
_WITHIN = re.compile(r"[013457@$]\w*[^\W\d_]")
_APART = re.compile(
    r"(?<![^\W_])[^\W\d_](?:(?P<between>[ .*_-])[^\W\d_])(?:(?P=between)[^\W\d_])+(?![^\W_])"
)
_TURNED = re.compile("[\u202d\u202e]([^\u202a-\u202e]*)\u202c")
_DEEPEST = 4  # overrides within overrides
_BLANKS = re.compile(r"\s+")


def plain_characters(text: str) -> str:
    """Look-alikes to Latin letters (UTS 39), NFKC, no invisible characters, no accents."""
    if text.isascii():
        return text
    import disarm

    text = _turned_round(text)
    return str(disarm.strip_accents(disarm.canonicalize(text)))


def _turned_round(text: str) -> str:
    """Stretches that a control shows backwards, as they are shown; inner ones first."""
    for _ in range(_DEEPEST):
        text, count = _TURNED.subn(lambda match: _shown(match[0]), text)
        if not count:
            break
    return text


def _shown(stretch: str) -> str:
    return stretch[-2:0:-1] if stretch[0] == "\u202e" else stretch[1:-1]


def without_leet(text: str) -> str:
    """Digits and signs within words that are mostly letters, as the letters that they look like."""

    def spelled(match: re.Match[str]) -> str:
        word = match[0]
        mostly = 2 * sum(map(str.isalpha, word)) >= len(word)
        # `m0ney`, not `system32`: a number at the end is one.
        return word.translate(_LEET) if mostly and _WITHIN.search(word) else word

    return _LEET_WORD.sub(spelled, text)


def joined_letters(text: str) -> str:
    """Words whose letters stand apart (`f r e e`, `f.r.e.e`) as words."""
    return _APART.sub(lambda match: match[0].replace(match["between"], ""), text)


def single_blanks(text: str) -> str:
    """One space for each run of blanks."""
    return _BLANKS.sub(" ", text).strip()
