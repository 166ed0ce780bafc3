"""Which incidents were forgotten: told by a digest under the site's salt, left out of every pull.

One digest is of the connector's name in the configuration and of the incident's uid. Another one,
of an incident that a data set held, is of what a model reads of it and of its time: it is left out
under any name, such as that of a file that was renamed. Anyone who has the salt can try whether an
uid or a text is among them; none can be read from it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.domain import inputs_digest
from sftsec_core.dataset.dedup.records import source_uid
from sftsec_core.dataset.sources import at_home, unscoped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sftsec_core.api.contracts import PullPart
    from sftsec_core.api.domain import IncidentPage, Inputs

_DIGEST_BYTES = 16


def tombstone(connector: str, uid: str, salt: bytes) -> str:
    """Name a forgotten incident without naming it: 32 hexadecimal digits."""
    return _keyed(f"{connector}\0{uid}", salt, b"sftsec-forgotten")


def content_tombstone(digest: str, at: datetime | None, salt: bytes) -> str:
    """Name what an incident held, whatever its id: 32 hexadecimal digits.

    Args:
        digest: of the inputs that a model reads, `inputs_digest`.
        at: the incident's time; without one, all that hold the same are one.
        salt: the site's.
    """
    when = at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""
    return _keyed(f"{digest}\0{when}", salt, b"sftsec-content")


def _keyed(said: str, salt: bytes, purpose: bytes) -> str:
    raw = said.encode("utf-8", errors="surrogatepass")
    return hashlib.blake2b(raw, digest_size=_DIGEST_BYTES, key=salt, person=purpose).hexdigest()


@dataclass(slots=True)
class Forgotten:
    """The incidents that are left out.

    Attributes:
        keys: their tombstones.
        salt: this site's.
        left_out: how many were left out so far, by connector; those known by their content are
            under "".
    """

    keys: Collection[str]
    salt: bytes = field(repr=False)
    left_out: Counter[str] = field(default_factory=Counter)

    def has(self, connector: str, uid: str) -> bool:
        """Whether an incident was forgotten, also by the name that it has at another connector."""
        if not self.keys:
            return False
        own = tombstone(connector, uid, self.salt) in self.keys
        return own or tombstone(*at_home(uid), self.salt) in self.keys

    def has_content(self, inputs: Inputs, at: datetime | None) -> bool:
        """Whether what a model would read of an incident was forgotten, and is left out."""
        if not self.keys or not inputs:
            return False
        found = content_tombstone(inputs_digest(inputs), at, self.salt) in self.keys
        self.left_out[""] += found
        return found

    def has_row(self, uid: str, connectors: Sequence[str]) -> bool:
        """Whether a row of a data set is of a forgotten incident.

        Args:
            uid: as it stands in the data set.
            connectors: of the task; of several, the row names its own.
        """
        if not self.keys:
            return False
        names = {uid, source_uid(uid)}
        scoped = [unscoped(name) for name in names]
        plain = [(connector, name) for connector in connectors for name in names]
        return any(self.has(*each) for each in (*plain, *scoped))

    def page(self, page: IncidentPage, connector: str) -> IncidentPage:
        """The page without them."""
        if not self.keys:
            return page
        kept = tuple(one for one in page.incidents if not self.has(connector, one.uid))
        self.left_out[connector] += len(page.incidents) - len(kept)
        return page if len(kept) == len(page.incidents) else replace(page, incidents=kept)

    def pages(self, pages: Iterable[IncidentPage], connector: str) -> Iterator[IncidentPage]:
        """The pages without them."""
        for page in pages:
            yield self.page(page, connector)

    def parts(self, parts: Iterable[PullPart], connector: str) -> Iterator[PullPart]:
        """The parts of a pull without them."""
        for part in parts:
            yield _RemainingPart(part, connector, self) if self.keys else part


@dataclass(frozen=True, slots=True)
class _RemainingPart:
    """A part of a pull, without what was forgotten.

    One that an earlier pull left has been removed when something of it was forgotten: its name and
    its proof can stay those of the source.
    """

    part: PullPart
    connector: str
    forgotten: Forgotten

    @property
    def name(self) -> str:
        return self.part.name

    def pages(self, cursor: str | None) -> Iterator[IncidentPage]:
        return self.forgotten.pages(self.part.pages(cursor), self.connector)

    def proof(self) -> str:
        return self.part.proof()

    def holds(self, proof: str) -> bool:
        return self.part.holds(proof)
