r"""Names of hosts in UNC paths and of users in home directories become others of the same kind.

A name is changed in all places of an incident or in none: one that also stands where it may be a
word, a part of a domain or of an address of mail, or in a field that is not rewritten, stays.
Well-known names (`Administrator`, `Public`, `localhost`, ...) say something, and stay.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.draw import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.dataset.rewrites.draw import KeyedDraw

_MOST = 32  # names of an incident: a text with more is a list of names
_TRIES = 8
# By itself: no part of a domain, of an address of mail, of a longer name.
_APART_BEFORE = "(?<![A-Za-z0-9_.@-])"
_APART_AFTER = r"(?![A-Za-z0-9_@-]|\.[A-Za-z0-9_])"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


KNOWN_USERS = frozenset(
    _words(
        "admin administrator all appdata default defaultapppool ec2-user git guest jenkins kali "
        "linuxbrew localservice mysql networkservice oracle pi postgres public root runner sandbox "
        "shared system ubuntu vagrant www-data"
    )
)
USER_WORDS = _words(
    "adams baker becker bennett brooks carter chen clark cohen cruz diaz dubois evans fischer "
    "foster garcia gomez gray hansen hayes hughes ivanov jensen keller khan kim kowalski larsen "
    "lee lopez martin meyer mills moore morris nguyen novak owens parker patel perez petrov "
    "reyes rossi russo sato schmidt silva singh smith suzuki tanaka turner walker wang ward "
    "weber wright yilmaz young"
)
HOST_WORDS = _words(
    "alder aspen atlas beech birch cedar comet delta eagle ember falcon fjord granite harbor "
    "hazel heron indigo jasper juniper kestrel lagoon larch linden lunar maple marble meadow "
    "nova oak olive onyx orchid orion otter pine polaris quartz raven ridge river sierra "
    "summit tern tundra vega walnut willow"
)
_PART = re.compile("[A-Za-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class NameKind:
    """A kind of name: where it stands, which ones stay, and what a word of one may become.

    Attributes:
        pattern: its groups are names.
        known: names that stay, in lower case.
        words: one of them replaces a word of a name.
    """

    pattern: re.Pattern[str]
    known: frozenset[str]
    words: tuple[str, ...]

    def places(self, text: str) -> Iterator[str]:
        """The name at each place of a text that holds one, in lower case."""
        for match in self.pattern.finditer(text):
            yield str(match[match.lastindex or 0]).casefold()

    def other(self, name: str, draw: KeyedDraw, attempt: int) -> str:
        """Another name of the same build: its digits, or its words where it has none."""
        digits = any(character.isdigit() for character in name)

        def part(match: re.Match[str]) -> str:
            own, what = match[0], f"name {attempt} {name} {match.start()}"
            if own.isdigit():
                return str(draw.number(what, 10 ** len(own))).zfill(len(own))
            stays = len(own) == 1 or (digits and self.words is HOST_WORDS)
            return own if stays else draw.pick(what, self.words)

        return _PART.sub(part, name)


HOSTS = NameKind(
    # After two backslashes a share follows after one, after four (escaped ones) after two.
    re.compile(
        r"(?<![\\A-Za-z0-9_:.])(?:\\\\(?P<one>[A-Za-z]{2}[A-Za-z0-9-]{0,13})(?=\\(?!\\))"
        r"|\\\\\\\\(?P<two>[A-Za-z]{2}[A-Za-z0-9-]{0,13})(?=\\\\(?!\\)))"
    ),
    frozenset({"localhost", "tsclient", "wsl"}),
    HOST_WORDS,
)
USERS = NameKind(
    re.compile(
        r"(?:(?<![A-Za-z0-9_.-])/(?:home|Users)/"
        r"|(?<![A-Za-z0-9_])(?i:[a-z]:(?:\\\\?|/)(?:users|documents and settings)(?:\\\\?|/)))"
        r"(?P<one>[A-Za-z][A-Za-z0-9_.-]{0,30}[A-Za-z0-9])(?=[\\/\s\"';:,)|&]|$)"
    ),
    KNOWN_USERS,
    USER_WORDS,
)


def swap_hosts(texts: Sequence[str], beside: str, draw: KeyedDraw) -> list[str]:
    r"""Replace hosts of UNC paths (`\\FILES03\share`).

    Args:
        texts: of one incident.
        beside: what else the incident holds: a name in it stays.
        draw: of the copy.
    """
    return _swap(HOSTS, texts, beside, draw)


def swap_users(texts: Sequence[str], beside: str, draw: KeyedDraw) -> list[str]:
    r"""Replace users of home directories (`/home/ann`, `C:\Users\ann`); see `swap_hosts`."""
    return _swap(USERS, texts, beside, draw)


def _swap(kind: NameKind, texts: Sequence[str], beside: str, draw: KeyedDraw) -> list[str]:
    counts = Counter(name for text in texts for name in kind.places(text))
    names = [name for name in sorted(counts) if name not in kind.known][:_MOST]
    whole = "\n".join(texts)
    others: dict[str, str] = {}
    for name in names:
        if _stands_apart(name, counts[name], whole, beside):
            other = _unused(kind, name, draw, f"{whole}\n{beside}\n{' '.join(others.values())}")
            if other is not None:
                others[name] = other
    if not others:
        return list(texts)
    alternatives = "|".join(re.escape(name) for name in sorted(others, key=len, reverse=True))
    found = re.compile(rf"{PLACEHOLDER}|(?i:{_APART_BEFORE}(?P<name>{alternatives}){_APART_AFTER})")

    def replaced(match: re.Match[str]) -> str:
        own = match["name"]
        return match[0] if own is None else _cased(others[own.casefold()], own)

    return [found.sub(replaced, text) for text in texts]


def _stands_apart(name: str, places: int, whole: str, beside: str) -> bool:
    """Whether all that reads like the name is the name.

    One with a digit is a name wherever it stands by itself; one without may be a word.
    """
    escaped = re.escape(name)
    loose = re.compile(rf"(?i)(?<![A-Za-z0-9_]){escaped}(?![A-Za-z0-9_])")
    if loose.search(beside):
        return False
    everywhere = sum(1 for _ in loose.finditer(whole))
    if not any(character.isdigit() for character in name):
        return everywhere == places
    apart = re.compile(rf"(?i){_APART_BEFORE}{escaped}{_APART_AFTER}")
    return everywhere == sum(1 for _ in apart.finditer(whole))


def _unused(kind: NameKind, name: str, draw: KeyedDraw, seen: str) -> str | None:
    """Another name that the incident does not hold; None where none is found."""
    lower = seen.casefold()
    for attempt in range(_TRIES):
        other = kind.other(name, draw, attempt)
        if other not in lower and other not in kind.known:
            return other
    return None


def _cased(name: str, like: str) -> str:
    if like.isupper():
        return name.upper()
    return name.capitalize() if like[:1].isupper() else name
