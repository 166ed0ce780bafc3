"""Names of people and pieces of texts, replaced by what only this site can turn back.

A pseudonym is the beginning of an HMAC-SHA256 under the site's salt: the same name has the same one
in every archive of the site, and without the salt no list of names tells whose it is. `replaced`
turns them back; who has it can also compute the hashes of the audit log again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

from ahocorasick_rs import AhoCorasick

from sftsec_core.dataset.analysts import NOT_NAMED, OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HEX = 12
_KINDS = frozenset({"person", "text", "value"})
_TOKEN = re.compile(r"\b(?:person|text|value)-[0-9a-f]{12}\b")
# What messages quote: a text, a value, a name. An apostrophe inside a word opens nothing.
_QUOTED = re.compile(
    r"""(?<!\w)(['"`])((?:\\.|(?!\1).)+)\1(?!\w)|[\u201c\u201e]([^\u201d]+)\u201d"""
)
_PLACE = re.compile(
    r"""\b[a-z][a-z0-9+.-]*://[^\s'"`,;)]+|(?<![\w/])/[^\s'"`,:;)]+""", re.IGNORECASE
)
_OF_CONFIG = re.compile(r"(sftsec |pip |tasks\.|gate\.|train\.|evaluation\.|registry\.|plugins\b)")


class Pseudonyms:
    """Replaces names and texts, and remembers what it replaced.

    Attributes:
        replaced: a pseudonym to what it stands for.
    """

    def __init__(
        self,
        salt: bytes,
        people: Iterable[str],
        words: Iterable[str],
        values: Iterable[str] = (),
        fields: Iterable[str] = (),
    ) -> None:
        """Take what is secret and what is not.

        Args:
            salt: the site's.
            people: names to replace wherever they stand.
            words: of the configuration and the report (labels, fields, recipes), which stay. A
                name that is one of them is replaced only where a person must stand.
            values: of the fields by which incidents are grouped; replaced as people are. Numbers
                are left alone, since a sentence has others.
            fields: these fields: what stands behind `FIELD=` in a message is a value.
        """
        self._key = salt
        self._words = frozenset(words)
        low = {word.lower() for word in self._words} | {NOT_NAMED, OTHERS} | _KINDS
        self._people = frozenset({name.lower() for name in people if name.strip()} - low)
        told = {value.lower() for value in values if any(map(str.isalpha, value))}
        self._hidden = sorted(self._people | (told - low))
        self._found = AhoCorasick(self._hidden) if self._hidden else None
        of = "|".join(re.escape(name) for name in sorted(fields, key=len, reverse=True))
        self._assigned = re.compile(rf"\b({of})=([^\s,;)]+)") if of else None
        self.replaced: dict[str, str] = {}

    def person(self, name: str | None) -> str:
        """The pseudonym of a person; for verdicts without a name the words that say so."""
        if name is None:
            return NOT_NAMED
        return name if name in {NOT_NAMED, OTHERS} else self._pseudonym("person", name)

    def value(self, value: str) -> str:
        """The pseudonym of a field's value; a word of the configuration stays."""
        return value if value in self._words else self._pseudonym("value", value)

    def key(self, key: str) -> str:
        """A key of a mapping: a name that is a person's is replaced."""
        return self.person(key) if key.lower() in self._people else key

    def in_text(self, text: str) -> str:
        """A text with names and values in it replaced, as whole words and in any case."""
        if text in self._words:
            return text
        parts, end = [], 0
        for begin, stop in self._names_in(text):
            kind = "person" if text[begin:stop].lower() in self._people else "value"
            parts += [text[end:begin], self._pseudonym(kind, text[begin:stop])]
            end = stop
        return "".join([*parts, text[end:]])

    def sentence(self, text: str) -> str:
        """A message with the names replaced, and what it quotes, unless that is a word."""
        shared = self.in_text(_QUOTED.sub(self._unquoted, text))
        return self._assigned.sub(self._unassigned, shared) if self._assigned else shared

    def error(self, text: str) -> str:
        """A message of an error: as `sentence`, without addresses and places on this machine."""
        return self.sentence(_PLACE.sub(lambda found: self._pseudonym("value", found[0]), text))

    def shared(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value
        """A JSON value of ours with names and quoted texts replaced, in keys too."""
        if isinstance(value, dict):
            return {self.key(str(key)): self.shared(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.shared(inner) for inner in value]
        return self.sentence(value) if isinstance(value, str) else value

    def _unassigned(self, found: re.Match[str]) -> str:
        value = found[2] if _TOKEN.fullmatch(found[2]) else self.value(found[2])
        return f"{found[1]}={value}"

    def _unquoted(self, found: re.Match[str]) -> str:
        inner = found[2] or found[3]
        if inner in self._words or _TOKEN.fullmatch(inner) or _OF_CONFIG.match(inner):
            return found[0]
        kind = "person" if inner.lower() in self._people else "text"
        return found[0].replace(inner, self._pseudonym(kind, inner), 1)

    def _pseudonym(self, kind: str, original: str) -> str:
        told = f"sftsec evidence\0{kind}\0{original}".encode("utf-8", "surrogatepass")
        token = f"{kind}-{hmac.digest(self._key, told, hashlib.sha256).hex()[:_HEX]}"
        self.replaced[token] = original
        return token

    def _names_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names stand as whole words, from the left, the longest first."""
        if self._found is None:
            return
        # A letter whose small form is two characters would move what comes behind it.
        low = "".join(c if len(small := c.lower()) != 1 else small for c in text)
        found = self._found.find_matches_as_indexes(low, overlapping=True)
        whole = [(a, b) for _, a, b in found if _is_word(low, a, b)]
        end = 0
        for begin, stop in sorted(whole, key=lambda each: (each[0], -each[1])):
            if begin >= end:
                yield begin, stop
                end = stop


def restored(value: Any, replaced: Mapping[str, str]) -> Any:  # noqa: ANN401 - a JSON value
    """A JSON value with the pseudonyms turned back; one that is not known stays."""
    if isinstance(value, dict):
        return {restored(key, replaced): restored(inner, replaced) for key, inner in value.items()}
    if isinstance(value, list):
        return [restored(inner, replaced) for inner in value]
    if not isinstance(value, str):
        return value
    return _TOKEN.sub(lambda found: replaced.get(found[0], found[0]), value)


def has_pseudonym(value: Any) -> bool:  # noqa: ANN401 - a JSON value
    """Whether something in a JSON value was replaced."""
    if isinstance(value, dict):
        return any(has_pseudonym(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(has_pseudonym, value))
    return isinstance(value, str) and _TOKEN.search(value) is not None


def _is_word(text: str, begin: int, end: int) -> bool:
    before, behind = text[begin - 1 : begin], text[end : end + 1]
    return not (before.isalnum() or before == "_" or behind.isalnum() or behind == "_")
