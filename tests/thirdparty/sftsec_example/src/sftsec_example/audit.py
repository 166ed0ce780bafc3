"""`evaluation.audits.example-lengths`: whether the model errs more on short or on long texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sftsec_core.api import AuditInput, Batch, Strict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class LengthsConfig(Strict):
    """What `evaluation.audits.example-lengths` may say."""

    parts: int = Field(3, ge=2, le=10, description="Parts of equal size, from short to long.")


def errors_by_length(config: LengthsConfig, given: AuditInput) -> Mapping[str, Any]:
    """Count rows and errors in parts of the test set, from its shortest texts to its longest.

    The section is `{"parts": [{"longest": characters, "rows": n, "errors": m}, ...]}`; a part
    without rows, in a small test set, is left out.
    """
    import numpy as np

    texts = Batch.of_examples(given.task.inputs, given.split.test).text()
    lengths = np.array([len(text) for text in texts])
    wrong = given.predictions.labels != given.predictions.y
    order = np.argsort(lengths, kind="stable")
    parts = (rows for rows in np.array_split(order, config.parts) if len(rows))
    return {"parts": [_part(lengths[rows], wrong[rows]) for rows in parts]}


def _part(lengths: NDArray[np.int64], wrong: NDArray[np.bool_]) -> dict[str, int]:
    return {"longest": int(lengths.max()), "rows": len(wrong), "errors": int(wrong.sum())}
