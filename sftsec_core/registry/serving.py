"""What scoring must know besides the weights; kept in the model's folder, under its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from sftsec_core.api.domain import TaskSpec, Threshold
from sftsec_core.api.errors import IntegrityError

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Serving:
    """How a model is to be asked and its answers read.

    Attributes:
        task: text fields, labels (the columns' order) and the benign label, as it was trained.
        recipe: the recipe that made it.
        temperature: divides the logarithms of its probabilities before anything else.
        threshold: the calibrated attack probability from which on an incident is a detection.
        max_length: tokens read of a text; None for a model that reads all of it.
        keep: further fields that a detection carries.
        steps: the steps that cleaned its training texts, with their settings: scoring must
            clean the same way.
        render: the renderer of its texts, a name or a mapping with settings; None: the default.
        plugins: what it was trained with, plugin to version; scoring needs them all.
    """

    task: TaskSpec
    recipe: str
    temperature: float
    threshold: Threshold
    max_length: int | None = None
    keep: tuple[str, ...] = ()
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    render: str | Mapping[str, Any] | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        report: EvalReport,
        task: TaskSpec,
        *,
        max_length: int | None = None,
        keep: tuple[str, ...] = (),
        steps: Mapping[str, Mapping[str, Any]] | None = None,
        render: str | Mapping[str, Any] | None = None,
        plugins: Mapping[str, str] | None = None,
    ) -> Self:
        """Take the calibration and the threshold from the candidate's report."""
        scores = report.candidate
        return cls(
            task=task,
            recipe=scores.recipe,
            temperature=scores.temperature,
            threshold=scores.threshold,
            max_length=max_length,
            keep=keep,
            steps=dict(steps or {}),
            render=render,
            plugins=dict(plugins or {}),
        )

    def benign_column(self) -> int | None:
        """The benign label's column; None when every class is an attack."""
        task = self.task
        return None if task.benign is None else task.labels.index(task.benign)

    def to_json(self) -> str:
        """Write it, with the format's number."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            IntegrityError: when it is something else or of another format.
        """
        try:
            body = json.loads(text)
            if body.pop("format") != FORMAT:
                raise IntegrityError(f"serving.json is not of format {FORMAT}")
            task = body.pop("task")
            lists = {name: tuple(task[name]) for name in ("text_fields", "labels")}
            return cls(
                task=TaskSpec(**task | lists),
                threshold=Threshold(**body.pop("threshold")),
                keep=tuple(body.pop("keep")),
                **body,
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise IntegrityError(f"serving.json is damaged: {error}") from error
