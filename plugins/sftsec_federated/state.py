"""What a server that was killed goes on from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api import DataError, IntegrityError
from sftsec_core.sdk.atomic import write_atomically
from sftsec_federated.frame import Frame, read_frame

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_FILE = "federation.bin"


@dataclass
class FederationState:
    """How far a federation is.

    Attributes:
        terms: what shaped it: settings that must be the same to go on.
        weights: the joined model, shape (r, d).
        round: rounds that are joined.
        polished: whether the steps after the rounds are done.
        trust: each site's, the least of all rounds so far.
        rounds: a row for each joined round, for the report.
        counts: what went wrong, by its name.
    """

    terms: dict[str, Any]
    weights: NDArray[np.float32]
    round: int = 0
    polished: bool = False
    trust: dict[str, float] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        """Note one more of something that went wrong."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def save(self, folder: Path) -> None:
        """Write it whole or not at all."""
        head = {key: value for key, value in vars(self).items() if key != "weights"}
        write_atomically(folder / _FILE, Frame(head, {"weights": self.weights}).to_bytes())


def open_state(folder: Path, terms: dict[str, Any], shape: tuple[int, int]) -> FederationState:
    """Take up the federation of a folder, or begin one.

    Raises:
        IntegrityError: when it is of other terms, or cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / _FILE
    if not file.exists():
        return FederationState(terms, np.zeros(shape, np.float32))
    try:
        frame = read_frame(file.read_bytes())
        state = FederationState(**frame.head, weights=frame.arrays["weights"])
    except (OSError, DataError, KeyError, TypeError) as error:
        told = f"{file} is torn: move it away to begin again ({error})"
        raise IntegrityError(told) from None
    if state.terms != terms:
        changed = sorted(key for key in terms if state.terms.get(key) != terms[key])
        raise IntegrityError(
            f"{folder} holds a federation of other settings ({', '.join(changed)}): "
            "set state to a new folder, or the settings back"
        )
    return state
