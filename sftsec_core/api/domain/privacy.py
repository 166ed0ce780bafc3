"""What a training with differential privacy spends of its task's privacy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PrivacySpend:
    """One training by DP-SGD, as an accountant reads it (Abadi et al. 2016).

    The unit that is protected is one cluster of near-duplicates: the trainings of a task compose
    as long as each trains on one row of it at most.

    Attributes:
        noise_multiplier: standard deviation of a step's noise, in units of the clip.
        sample_rate: chance that a step draws a row, 0 to 1.
        steps: of the training.
    """

    noise_multiplier: float
    sample_rate: float
    steps: int

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> PrivacySpend:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: when it is something else.
        """
        noise, rate = float(said["noise_multiplier"]), float(said["sample_rate"])
        return cls(noise, rate, int(said["steps"]))
