"""What goes into the deduplicator, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT, Inputs, inputs_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example


class DedupStatus(Enum):
    """Whether an incident became a row, or why it did not."""

    KEPT = "kept"
    SAME = "same"
    EXACT = "exact_duplicates"
    NEAR = "near_duplicates"


STATUSES = tuple(DedupStatus)


@dataclass(frozen=True, slots=True)
class DedupDecisions:
    """What was decided on a batch, in its order, as arrays of shape (n,).

    Attributes:
        status: places in `STATUSES`.
        digests: of the rows that stand for them, shape (n, 2).
        clusters: of these rows; see `DedupResult`.
        shares_id: see `DedupResult`.
    """

    status: NDArray[np.int8]
    digests: NDArray[np.uint64]
    clusters: NDArray[np.int64]
    shares_id: NDArray[np.bool_]

    @classmethod
    def none(cls, digests: NDArray[np.uint64], status: int) -> Self:
        """No decision yet on inputs of these digests, but a status of the caller's."""
        count = len(digests)
        return cls(
            np.full(count, status, np.int8),
            digests.copy(),
            np.zeros(count, np.int64),
            np.zeros(count, np.bool_),
        )

    def set(self, rows: NDArray[np.int64], found: DedupDecisions) -> None:
        """Take what was decided on some of the rows."""
        self.status[rows], self.digests[rows] = found.status, found.digests
        self.clusters[rows], self.shares_id[rows] = found.clusters, found.shares_id


class DedupResult(NamedTuple):
    """The status of an incident, and the row that stands for it.

    Attributes:
        status: KEPT makes a row; the others do not.
        digest: of the row that stands for it: its own, or the one that it duplicates.
        cluster: the row's cluster; clusters may still be connected, see `final_clusters`.
        shares_id: whether a record that came before has its uid and other inputs.
    """

    status: DedupStatus
    digest: str
    cluster: int
    shares_id: bool = False


class DedupItem(NamedTuple):
    """One incident as the deduplicator sees it.

    Attributes:
        digest: of its inputs.
        text: in which near-duplicates are looked for.
        others: digest of the inputs besides the text; "" for none. Near rows have the same.
    """

    uid: str
    digest: str
    text: str
    verdicts: frozenset[str] = frozenset()
    split: str | None = None
    others: str = ""

    @classmethod
    def of(
        cls,
        uid: str,
        inputs: Inputs,
        verdicts: frozenset[str] = frozenset(),
        split: str | None = None,
    ) -> Self:
        """Take an incident's inputs."""
        text = inputs.get(TEXT_INPUT)
        others = {name: value for name, value in inputs.items() if name != TEXT_INPUT}
        return cls(
            uid,
            inputs_digest(inputs),
            text if isinstance(text, str) else "",
            verdicts,
            split,
            inputs_digest(others) if others else "",
        )

    @classmethod
    def of_example(cls, uid: str, example: Example) -> Self:
        """Take an example, whose digest is known, under a uid."""
        text = example.inputs.get(TEXT_INPUT)
        others = {name: value for name, value in example.inputs.items() if name != TEXT_INPUT}
        return cls(
            uid,
            example.digest,
            text if isinstance(text, str) else "",
            others=inputs_digest(others) if others else "",
        )
