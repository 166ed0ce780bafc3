"""Benign text beside the attack, where nothing executes it or where a reader skips it.

Good-word attacks: Lowd and Meek, "Good Word Attacks on Statistical Spam Filters", 2005.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from urllib.parse import quote

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.scan import Token, tokens

GOOD_WORDS = (
    "Thanks for the update, see you at the meeting tomorrow morning.",
    "Please find the minutes of the weekly team call below.",
    "The quarterly report is ready for review by the finance department.",
    "I will be home late tonight, could you feed the cat and lock the door?",
    "What is the best way to learn a new language in a few months?",
    "The library opens at nine and has a quiet reading room on the second floor.",
    "Our weekend hike reached the summit before lunch, the view was lovely.",
    "How do I sort a list of names in a spreadsheet?",
)
_ONE = 200  # characters of one benign text
_PREFIX = 6000  # characters of a long prefix
_PLAIN = re.compile(r"[^A-Za-z0-9 ]+")
_NOT_BEFORE = frozenset({"then", "do", "else", "elif", "fi", "done", "esac", ";", ")", "&", "|"})


def good_words(target: AttackTarget, random: Random, most: int = _ONE) -> str:
    """A benign text that the attacker knows, on one line."""
    chosen = random.choice(target.benign or GOOD_WORDS)
    return " ".join(chosen.split())[:most].strip() or random.choice(GOOD_WORDS)


def plain_words(target: AttackTarget, random: Random) -> str:
    """The same in letters, digits and single spaces, which no syntax reads."""
    words = " ".join(_PLAIN.sub(" ", good_words(target, random)).split())
    return words or "weekly report"


def pad_after(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A benign text behind."""
    return f"{target.text} {good_words(target, random)}"


def pad_before(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A benign text in front."""
    return f"{good_words(target, random)} {target.text}"


def long_prefix(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """So much benign text in front that a window, or a bound on length, ends before the attack."""
    parts: list[str] = []
    wanted = random.choice((_PREFIX // 4, _PREFIX))
    while sum(map(len, parts)) < wanted:
        parts.append(good_words(target, random))
    return f"{' '.join(parts)} {target.text}"


def pad_form(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A parameter with a benign value beside those of the form."""
    name = random.choice(("comment", "note", "message", "q", "title"))
    value = quote(plain_words(target, random)).replace("%20", "+")
    pair = f"{name}={value}"
    before = random.random() < 0.5
    return f"{pair}&{target.text}" if before else f"{target.text}&{pair}"


def pad_shell(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A command that does nothing (`: words`) in front, or after a `;`."""
    noop = f": {plain_words(target, random)};"
    found = list(tokens(target.text))
    ends = [
        token.end
        for number, token in enumerate(found)
        if token.text == ";" and _may_follow(found, number)
    ]
    if not ends:
        first = found[0].kind if found else "open"
        return f"{noop} {target.text}" if first in {"word", "expansion"} else target.text
    place = random.choice(ends)
    return f"{target.text[:place]} {noop}{target.text[place:]}"


def _may_follow(found: Sequence[Token], number: int) -> bool:
    """Whether another command may stand behind this semicolon."""
    if number and found[number - 1].text == ";":
        return False
    rest = (token.text for token in found[number + 1 :] if token.kind != "space")
    return next(rest, ")") not in _NOT_BEFORE
