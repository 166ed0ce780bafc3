"""Categories as numbers for trees: a code for each frequent name, one for all others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

OTHER = 0  # the code of a rare name and of one that training never saw


@dataclass(frozen=True, slots=True)
class CategoryCodes:
    """The codes of one input's names; a missing value is NaN, which trees send a way of its own.

    Attributes:
        codes: name to code, from 1 on: the most frequent name first.
    """

    codes: Mapping[str, int]

    @classmethod
    def fit(cls, names: Sequence[str | None], most: int) -> Self:
        """Learn the names that occur twice or more, at most `most` of them.

        A name that occurs once is not learnt: it stands for those that come later, so that the
        trees learn what an unknown name means.
        """
        counts = Counter(name for name in names if name is not None)
        often = sorted((-count, name) for name, count in counts.items() if count > 1)
        return cls({name: code for code, (_, name) in enumerate(often[:most], start=1)})

    @classmethod
    def from_json(cls, names: Any) -> Self:  # noqa: ANN401 - JSON
        """Take back what `to_json` gave.

        Raises:
            ValueError: when it is no list of different names.
        """
        if not isinstance(names, list) or len({str(name) for name in names}) != len(names):
            raise ValueError("the names of a category are no list of different names")
        return cls({str(name): code for code, name in enumerate(names, start=1)})

    def to_json(self) -> list[str]:
        """The names in the order of their codes."""
        return sorted(self.codes, key=lambda name: self.codes[name])

    def __call__(self, names: Sequence[str | None]) -> NDArray[np.float64]:
        """Codes, shape (n,); NaN where there is no name."""
        return np.array(
            [np.nan if name is None else self.codes.get(name, OTHER) for name in names], np.float64
        )
