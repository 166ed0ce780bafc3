"""What scoring must know besides the weights; kept in the model's folder, under its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from sftsec_core.api.domain import FittedPart, InputField, Objective, TaskSpec
from sftsec_core.api.errors import IntegrityError

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport

FORMAT = 3


@dataclass(frozen=True, slots=True)
class Serving:
    """How a model is used and its probabilities are read.

    Attributes:
        task: inputs, labels (the columns' order) and the benign label, as it was trained.
        recipe: the recipe that made it.
        calibrator: applied to its probabilities before anything else.
        decider: decides on the calibrated probabilities.
        max_length: tokens read of a text; None for a model that reads all of it.
        keep: further fields that a detection carries.
        steps: the steps that cleaned its training texts, with their settings: scoring must
            clean the same way.
        render: the renderer of its texts, a name or a mapping with settings; None: the default.
        plugins: what it was trained with, plugin to version; scoring needs them all.
        by_content: whether the uid of a detection depends on what the model read. The models of
            older versions go on without it: what they raised keeps its uid and is a repeat.
    """

    task: TaskSpec
    recipe: str
    calibrator: FittedPart
    decider: FittedPart
    max_length: int | None = None
    keep: tuple[str, ...] = ()
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    render: str | Mapping[str, Any] | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)
    by_content: bool = True

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
        """Take the calibrator and the decider from the candidate's report."""
        scores = report.candidate
        return cls(
            task=replace(task, objective=Objective()),
            recipe=scores.recipe,
            calibrator=scores.calibrator,
            decider=scores.decider,
            max_length=max_length,
            keep=keep,
            steps=dict(steps or {}),
            render=render,
            plugins=dict(plugins or {}),
        )

    def to_json(self) -> str:
        """Write it, with the format's number."""
        body = asdict(self)
        del body["task"]["objective"]  # what a model was chosen by decides nothing that it serves
        return json.dumps({"format": FORMAT, **body}, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, in this version or an older one.

        Raises:
            IntegrityError: when it is something else or of another format.
        """
        try:
            body = json.loads(text)
            number = body.pop("format")
            if number not in {1, 2, FORMAT}:
                raise IntegrityError(f"serving.json is of format {number}, not 1 to {FORMAT}")
            if number == 1:
                body = _from_format_1(body)
            if number < FORMAT:
                body["by_content"] = False
            return cls(
                task=_task(body.pop("task")),
                calibrator=FittedPart(**body.pop("calibrator")),
                decider=FittedPart(**body.pop("decider")),
                keep=tuple(body.pop("keep")),
                **body,
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise IntegrityError(f"serving.json is damaged: {error}") from error


def _from_format_1(body: dict[str, Any]) -> dict[str, Any]:
    """Format 1 had a temperature and a threshold: there was no other way to decide."""
    kept = {name: value for name, value in body.items() if name not in {"temperature", "threshold"}}
    task, threshold = body["task"], body["threshold"]
    benign = None if task["benign"] is None else task["labels"].index(task["benign"])
    decided = {"threshold": threshold, "benign": benign, "review_from": None}
    return {
        **kept,
        "calibrator": {"name": "temperature", "state": {"temperature": body["temperature"]}},
        "decider": {"name": "threshold", "state": decided},
    }


def _task(body: dict[str, Any]) -> TaskSpec:
    given = {**body, "labels": tuple(body["labels"])}
    if "text_fields" in body:  # written before inputs were typed
        return TaskSpec.of_text(fields=tuple(given.pop("text_fields")), **given)
    inputs = tuple(InputField.from_json(each) for each in body["inputs"])
    return TaskSpec(**{**given, "inputs": inputs})
