"""The step "redact": personal data and secrets become typed placeholders.

`anna@shop.example` becomes `<EMAIL:1f9a2c07>@shop.example`. The digits are BLAKE2b of the value,
keyed with the site's salt: equal values stay equal here, and without the salt no one can try
values out. Redacting twice changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Incident
from sftsec_pii import patterns
from sftsec_pii.fields import is_secret_value, names_number, names_secret
from sftsec_pii.secrets import secrets
from sftsec_pii.users import has_user_word, users

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sftsec_core.api.contracts import StepContext
    from sftsec_pii.config import RedactConfig
    from sftsec_pii.span import Finder

_DIGEST_BYTES = 4
# A placeholder can lay bare what stood against the value: "4111111111111111bob@shop.example".
_MOST_PASSES = 4
_CARD_LENGTHS = (15, 16)
_LONGEST_NUMBER = 40
_LONG_INTEGER = 10**8  # a social security number has 9 digits, a card number 13
_LAID_BARE = re.compile(r":[0-9a-f]{8}>[\w.%+\-']|[\w.%+\-']<[A-Z]{2,7}:[0-9a-f]{8}>")


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
        self._analysts = config.analysts
        self._secret = config.secret
        self._counts: Counter[str] = Counter()

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
        if not self._analysts or name.startswith("<ANALYST:"):
            return name
        self._counts["analyst"] += 1
        return self.placeholder("analyst", name.casefold())

    def text(self, value: str) -> str:
        """Redact one string."""
        for _ in range(_MOST_PASSES):
            before = value
            for trigger, finders in self._finders:
                if trigger(value):
                    for kind, find in finders:
                        value = self._replace(kind, value, find)
            if value is before or not _LAID_BARE.search(value):
                break
        return value

    def placeholder(self, kind: str, value: str) -> str:
        """What stands for a value: `<KIND:` and eight hexadecimal digits `>`."""
        digest = hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"),
            digest_size=_DIGEST_BYTES,
            key=self._key,
            person=kind.encode(),
        )
        return f"<{kind.upper()}:{digest.hexdigest()}>"

    def _replace(self, kind: str, text: str, find: Finder) -> str:
        spans = sorted(find(text))
        if not spans:
            return text
        pieces: list[str] = []
        behind = 0
        for start, end, value in spans:
            if start < behind:
                continue  # two finders of one family met the same value
            pieces += (text[behind:start], self.placeholder(kind, value))
            behind = end
            self._counts[kind] += 1
        pieces.append(text[behind:])
        return "".join(pieces)

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
            return {
                self.text(str(key)): self._inside(inner, str(key)) for key, inner in value.items()
            }
        if isinstance(value, int) and not isinstance(value, bool) and value >= _LONG_INTEGER:
            return self._integer(value, name)
        return value

    def _string(self, value: str, name: str) -> str:
        if self._secret and names_secret(name):
            return self._named(value)
        if names_number(name) and len(value) <= _LONGEST_NUMBER:
            head = f"{name.rpartition('.')[2].lower()}: "
            found = self.text(head + value)
            return found.removeprefix(head) if found != head + value else value
        return self.text(value)

    def _named(self, value: str) -> str:
        """Redact the value of a field whose name says that it is secret."""
        found = self.text(value)
        if found != value or not is_secret_value(value):
            return found
        self._counts["secret"] += 1
        return self.placeholder("secret", value)

    def _integer(self, value: int, name: str) -> int | str:
        """A long integer that is a card's or, by its name, a phone's becomes text."""
        text = str(value)
        # Ids of 17 digits and more would be taken for cards by chance, one in ten.
        if len(text) not in _CARD_LENGTHS and not names_number(name):
            return value
        found = self._string(text, name)
        return value if found == text else found


def _finders(
    config: RedactConfig,
) -> list[tuple[Callable[[str], bool], list[tuple[str, Finder]]]]:
    """The enabled types in the order in which they are looked for, by what triggers them.

    Secrets go first: a token may hold what looks like a card; cards go before phones.
    """
    p = patterns
    mail = p.emails_keeping_domain if config.keep_email_domain else p.emails
    every: list[tuple[bool, str, Callable[[str], bool], Finder]] = [
        (config.secret, "secret", p.has_secret_word, secrets),
        (config.email, "email", p.has_at, mail),
        (config.iban, "iban", p.has_iban_start, p.ibans),
        (config.card, "card", p.has_long_number, p.cards),
        (config.ssn, "ssn", p.has_long_number, p.ssns),
        (config.phone, "phone", p.has_long_number, p.phones),
        (config.user, "user", has_user_word, users),
        (config.ip, "ip", p.has_dot_or_colon, p.ips),
        (config.domain, "domain", p.has_dot, p.domains),
    ]
    grouped = groupby((one for one in every if one[0]), key=itemgetter(2))
    return [(trigger, [(kind, find) for _, kind, _, find in ones]) for trigger, ones in grouped]


def create(config: RedactConfig, context: StepContext) -> Redact:
    """Make the step for a task."""
    return Redact(config, context.salt)
