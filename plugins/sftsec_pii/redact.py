"""The step "redact": personal data and secrets become typed placeholders.

`anna@shop.example` becomes `<EMAIL:1f9a2c07>@shop.example`. The digits are BLAKE2b of the value,
keyed with the site's salt: equal values stay equal here, and without the salt no one can try
values out. Redacting twice changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident
from sftsec_pii import cards, emails, hosts
from sftsec_pii.fields import is_secret_value, kind_of_field
from sftsec_pii.national import has_national_id, national_ids
from sftsec_pii.persons import person_in
from sftsec_pii.phones import phones
from sftsec_pii.secrets import has_secret_word, secrets
from sftsec_pii.span import Span
from sftsec_pii.users import has_user_word, users
from sftsec_pii.views import SHORTEST_WORD, blobs, has_encoded, view
from sftsec_pii.words import ScannedText, changed, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sftsec_core.api.contracts import StepContext
    from sftsec_pii.config import RedactConfig
    from sftsec_pii.words import Finder

_DIGEST_BYTES = 4
# A placeholder can lay bare what stood against the value: "4111111111111111bob@shop.example".
_MOST_PASSES = 4
_CARD_LENGTHS = (14, 15, 16)
# Names of fields and hosts, paths and agents come again and again: those in which nothing was found
# are kept, at most some 5 MB of them.
_MOST_CLEAN, _LONGEST_CLEAN = 16_384, 256
_SHORTEST = 5  # "id ab"
_LONGEST_NUMBER = 40
_LONGEST_NAME = 80
_LONG_INTEGER = 10**8  # a social security number has 9 digits, a card number 13
_PLACEHOLDER = re.compile(r"<[A-Z]{2,8}:[0-9a-f]{8}>")
# What of a value may stand before one and after it; the full stop of a sentence is nothing.
_LAID_BARE = re.compile(
    r"<(?:(?:(?<=\w<)|(?<=\S[.%+\-']<))[A-Z]{2,8}:[0-9a-f]{8}>"
    r"|[A-Z]{2,8}:[0-9a-f]{8}>(?:\w|[.%+\-']\S))"
)


class Redact:
    """Redacts every string of an incident's fields and of its verdicts' reasons."""

    def __init__(self, config: RedactConfig, salt: bytes) -> None:
        """Choose the finders.

        Args:
            config: which types.
            salt: the site's secret, at most 64 bytes are used.
        """
        self._finders = tuple(_finders(config))
        self._key = salt[:64]
        self._config = config
        self._counts: Counter[str] = Counter()
        self._clean: set[str] = set()

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Return the incidents redacted, in the same order."""
        return [self._incident(incident) for incident in incidents]

    def counts(self) -> Mapping[str, int]:
        """How many values of each type were replaced."""
        return dict(sorted(self._counts.items()))

    def clean_reason(self, text: str) -> str:
        """Redact the reason that an analyst gave."""
        return self.text(text)

    def clean_analyst(self, name: str) -> str:
        """Return the analyst's name, or its placeholder where `analysts` is on."""
        if not self._config.analysts or name.startswith("<ANALYST:"):
            return name
        return self._named("analyst", name.casefold())

    def text(self, value: str) -> str:
        """Redact one string."""
        if len(value) < _SHORTEST or value in self._clean:
            return value
        given = value
        for _ in range(_MOST_PASSES):
            before = value
            scanned = scan(value)
            value = self._plain(scanned)
            if has_encoded(value):
                value = self._encoded(value)
            if scanned.longest >= SHORTEST_WORD:
                value = self._base64(value)
            if value is before or not _LAID_BARE.search(value):
                break
        if value is given and len(value) <= _LONGEST_CLEAN:
            if len(self._clean) >= _MOST_CLEAN:
                self._clean.clear()
            self._clean.add(value)
        return value

    def _plain(self, scanned: ScannedText) -> str:
        """Replace what stands in the text as it is."""
        text = scanned.text
        for trigger, finders in self._finders:
            if trigger(scanned):
                for kind, find in finders:
                    spans = sorted(find(scanned), key=_outer_first)
                    if spans:
                        text = self._replace(text, [(kind, span) for span in spans])
                        scanned = changed(scanned, text)
        return text

    def placeholder(self, kind: str, value: str) -> str:
        """What stands for a value: `<KIND:` and eight hexadecimal digits `>`."""
        digest = hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"),
            digest_size=_DIGEST_BYTES,
            key=self._key,
            person=kind.encode(),
        )
        return f"<{kind.upper()}:{digest.hexdigest()}>"

    def _named(self, kind: str, value: str) -> str:
        self._counts[kind] += 1
        return self.placeholder(kind, value)

    def _replace(self, text: str, spans: list[tuple[str, Span]]) -> str:
        """Replace spans that are sorted by their places."""
        pieces: list[str] = []
        behind = 0
        for kind, (start, end, value) in spans:
            if start < behind:
                continue  # two finders of one family met the same value
            pieces += (text[behind:start], self._named(kind, value))
            behind = end
        pieces.append(text[behind:])
        return "".join(pieces)

    def _encoded(self, text: str) -> str:
        """Replace what shows when the text is decoded."""
        seen = view(text)
        if seen is None:
            return text
        taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
        chosen: list[tuple[str, Span]] = []
        for kind, span in self._all(seen.text):
            start, end = seen.place(span.start), seen.place(span.end)
            # None of those that are taken overlap: only the last that begins before can reach here.
            place = bisect_left(taken, (end, 0))
            if place == 0 or taken[place - 1][1] <= start:
                taken.insert(place, (start, end))
                chosen.append((kind, Span(start, end, span.value)))
        return self._replace(text, sorted(chosen, key=itemgetter(1))) if chosen else text

    def _base64(self, text: str) -> str:
        """Replace base64 words that hold what is redacted, or this in them."""
        pieces: list[str] = []
        behind = 0
        for blob in blobs(text):
            found = list(self._all(blob.text))
            if not found:
                continue
            word = text[blob.start : blob.end]
            if blob.is_short:
                new = self._named(found[0][0], word)
            else:
                new = blob.encode(self.text(blob.text))
            pieces += (text[behind : blob.start], new)
            behind = blob.end
        return "".join((*pieces, text[behind:])) if pieces else text

    def _all(self, text: str) -> list[tuple[str, Span]]:
        """What every finder finds, those of the first kinds first."""
        scanned = scan(text)
        return [
            (kind, span)
            for trigger, finders in self._finders
            if trigger(scanned)
            for kind, find in finders
            for span in sorted(find(scanned), key=_outer_first)
        ]

    def _incident(self, incident: Incident) -> Incident:
        fields: dict[str, Any] | None = None
        for name, value in incident.fields.items():
            new = self._inside(value, name)
            if new is not value:
                fields = dict(incident.fields) if fields is None else fields
                fields[name] = new
        if fields is None:
            return incident
        return Incident(incident.uid, fields, incident.verdicts, incident.at, incident.split)

    def _inside(self, value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return self._string(value, name)
        if isinstance(value, list | tuple):
            return [self._inside(inner, name) for inner in value]
        if isinstance(value, dict):
            return self._mapping(value, name)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._integer(value, name)
        return value

    def _mapping(self, value: dict[Any, Any], name: str) -> dict[str, Any]:
        new = {
            self.text(str(key)): self._inside(inner, f"{name}.{key}")
            for key, inner in value.items()
        }
        # {"name": "Authorization", "value": "..."}, as headers and environments are listed.
        said = value.get("name") or value.get("key")
        if isinstance(said, str) and isinstance(value.get("value"), str):
            new["value"] = self._inside(value["value"], said)
        return new

    def _string(self, value: str, name: str) -> str:
        kind = kind_of_field(name)
        if kind == "secret" and self._config.secret:
            return self._secret(value)
        if kind == "number" and len(value) <= _LONGEST_NUMBER:
            head = f"{name.rpartition('.')[2].lower()}: "
            found = self.text(head + value)
            return found.removeprefix(head) if found != head + value else self.text(value)
        if kind in ("user", "full") and self._config.user and len(value) <= _LONGEST_NAME:
            place = person_in(value, full=kind == "full")
            if place:
                start, end = place
                shown = self._named("user", value[start:end].lower())
                return f"{value[:start]}{shown}{value[end:]}"
        return self.text(value)

    def _secret(self, value: str) -> str:
        """Redact the value of a field whose name says that it is secret."""
        found = self.text(value)
        if found != value or not is_secret_value(value):
            return found
        return self._named("secret", value)

    def _integer(self, value: int, name: str) -> int | str:
        """An integer that is a card's or, by its name, a phone's or secret becomes text."""
        kind = kind_of_field(name)
        if kind == "secret":
            return self._secret(str(value)) if self._config.secret and value > 999 else value
        # Ids of 17 digits and more would be taken for cards by chance, one in ten.
        text = str(value)
        if value < _LONG_INTEGER or (len(text) not in _CARD_LENGTHS and kind != "number"):
            return value
        found = self._string(text, name)
        return value if found == text else found


def _outer_first(span: Span) -> tuple[int, int]:
    """By place, and of those that begin together the longest: nothing of it may be left."""
    return span.start, -span.end


def _finders(
    config: RedactConfig,
) -> list[tuple[Callable[[ScannedText], bool], list[tuple[str, Finder]]]]:
    """The enabled types in the order in which they are looked for, by what triggers them.

    Secrets go first: a token may hold what looks like a card; cards go before phones.
    """
    mail = emails.emails_keeping_domain if config.keep_email_domain else emails.emails
    every: list[tuple[bool, str, Callable[[ScannedText], bool], Finder]] = [
        (config.secret, "secret", has_secret_word, secrets),
        (config.email, "email", emails.has_at, mail),
        (config.iban, "iban", cards.has_iban_start, cards.ibans),
        (config.card, "card", cards.has_long_number, cards.cards),
        (config.ssn, "ssn", cards.has_long_number, cards.ssns),
        (config.national_id, "national", has_national_id, national_ids),
        (config.phone, "phone", cards.has_long_number, phones),
        (config.user, "user", has_user_word, users),
        (config.ip, "ip", hosts.has_dot_or_colon, hosts.ips),
        (config.domain, "domain", hosts.has_dot, hosts.domains),
    ]
    grouped = groupby((one for one in every if one[0]), key=itemgetter(2))
    return [(trigger, [(kind, find) for _, kind, _, find in ones]) for trigger, ones in grouped]


def create(config: RedactConfig, context: StepContext) -> Redact:
    """Make the step for a task."""
    return Redact(config, context.salt)
