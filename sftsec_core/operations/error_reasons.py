"""Why the candidate erred where it was surest, by the explainer that the task names.

The words are of texts that were redacted before they were stored, as the model reads them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import ExplainerSpec, ExplainJob
from sftsec_core.api.domain import TEXT_INPUT, Batch, describe_inputs, visible
from sftsec_core.api.domain.explanations import MOST_TEXT
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import AuditInput, Rescore
    from sftsec_core.api.domain import Attribution, Example, Explanation, WorstError
    from sftsec_core.operations.running import Run

_MOST = 20  # words that are marked in one text
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorExplainer:
    """A task's explainer with its settings, for the worst errors of a report."""

    spec: ExplainerSpec[Any]
    config: Any

    def __call__(self, given: AuditInput, errors: Sequence[WorstError]) -> tuple[WorstError, ...]:
        """Say why for each error; one where the explainer fails, or cannot be asked, has none."""
        rows = {each.uid: each for each in given.split.test}
        return tuple(self._explained(given, error, rows[error.uid]) for error in errors)

    def _explained(self, given: AuditInput, error: WorstError, row: Example) -> WorstError:
        labels = given.model.labels
        if given.rescore is None or not {error.predicted, error.label} <= set(labels):
            return error
        pair = labels.index(error.predicted), labels.index(error.label)
        try:
            (found,) = self.spec.explain(self.config, _job(given, row, pair, given.rescore))
        except Exception as failure:  # noqa: BLE001 - a plugin's; its words may repeat the incident
            log.warning("explainer %r failed: %s", self.spec.name, type(failure).__name__)
            return error
        return replace(error, explanation=_shown(found, given, row))


def error_explainer(run: Run) -> ErrorExplainer | None:
    """The explainer that the task's `explain` names; None where it names none.

    Raises:
        NotFoundError: when no enabled plugin registers it.
        ConfigError: when its settings are wrong.
    """
    choice, plugins = run.task.explain, run.context.plugins
    if choice is None:
        return None
    spec = get("explainer", choice.name, plugins.specs(ExplainerSpec))
    return ErrorExplainer(spec, spec.configure(choice.options(), "explain", plugins.base))


def _job(given: AuditInput, row: Example, pair: tuple[int, int], rescore: Rescore) -> ExplainJob:
    columns = [given.task.labels.index(each) for each in given.model.labels]

    def proba(batch: Batch) -> NDArray[Any]:
        found: NDArray[Any] = rescore([replace(row, inputs=each) for each in batch.rows]).proba
        return found[:, columns]

    def decide(batch: Batch, _of: Sequence[int]) -> list[str]:
        found = rescore([replace(row, inputs=each) for each in batch.rows])
        return [given.task.labels[column] for column in found.labels]

    batch = Batch.of_examples(given.task.inputs, [row])
    return ExplainJob(model=given.model, batch=batch, pairs=[pair], proba=proba, decide=decide)


def _shown(found: Explanation, given: AuditInput, row: Example) -> Explanation:
    """Bounded, on one line, with spans of the text that the report shows."""
    places = _places(given, row)
    told = (_placed(each, places) for each in found.attributions[:_MOST])
    flip = tuple(map(visible, found.flip[:_MOST]))
    text = visible(found.text, MOST_TEXT)
    return replace(found, text=text, attributions=tuple(told), neighbours=(), flip=flip)


def _places(given: AuditInput, row: Example) -> list[tuple[int, int, int]]:
    """Of each part of the text: where it begins and ends, and by how much it is shown later."""
    shown, at, places = describe_inputs(row.inputs), 0, []
    for name, part in Batch.of_examples(given.task.inputs, [row]).text_parts()[0]:
        head = "" if name == TEXT_INPUT else f"{name}: "
        begin = shown.find(head + part) if name != TEXT_INPUT else 0
        if begin >= 0:
            places.append((at, at + len(part), begin + len(head) - at))
        at += len(part) + 1
    return places


def _placed(each: Attribution, places: Sequence[tuple[int, int, int]]) -> Attribution:
    words, span = visible(each.words), None
    if each.span is not None:
        first, last = each.span
        span = next(
            ((first + by, min(last, end) + by) for at, end, by in places if at <= first < end), None
        )
    return replace(each, words=words, span=span)
