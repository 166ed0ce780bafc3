"""What a running search knows: who asks, when, over which time, and of which splunkd."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.servers.splunkd.events import Between
from tests.servers.splunkd.spl.rows import Row

if TYPE_CHECKING:
    from tests.servers.splunkd.state import Splunkd

Rows = Callable[[Iterator[Row]], Iterable[Row]]
Kind = Literal["streaming", "generating", "transforming"]
_DEEPEST = 8


@dataclass
class SearchContext:
    """One search.

    Attributes:
        earliest: epoch seconds from which events count, and `latest`, which no longer does;
            `index_earliest` and `index_latest` are the same of their index times.
        messages: what the search has to say, as pairs of a type and a text.
    """

    splunk: Splunkd
    user: str
    app: str
    now: float
    earliest: float = 0
    latest: float = math.inf
    index_earliest: float = 0
    index_latest: float = math.inf
    sid: str = ""
    messages: list[tuple[str, str]] = field(default_factory=list)
    depth: int = 0

    @property
    def between(self) -> Between:
        """The span of both times."""
        return Between(self.earliest, self.latest, self.index_earliest, self.index_latest)

    def within(self) -> SearchContext:
        """A context for a subsearch."""
        from tests.servers.splunkd.spl.lexer import SplError

        if self.depth >= _DEEPEST:
            raise SplError("Error in 'SearchParser': Subsearches are nested too deeply.")
        return SearchContext(
            self.splunk, self.user, self.app, self.now, self.earliest, self.latest,
            self.index_earliest, self.index_latest, self.sid, self.messages, self.depth + 1,
        )  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """A command with its arguments read: rows in, rows out.

    A transforming stage ends the events of a search: what comes before it is what the job
    gives as its events.
    """

    name: str
    run: Rows
    kind: Kind = "streaming"


Command = Callable[[str, SearchContext], Stage]
