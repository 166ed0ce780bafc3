"""What the drift of a model is measured against: written when it is made, beside its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.contracts import CalibratorSpec, DeciderSpec
from sftsec_core.api.errors import NotFoundError
from sftsec_core.drift.judged import InputVerdicts
from sftsec_core.drift.reference import HeldOut, OtherFormatError, Reference
from sftsec_core.drift.windows import DriftCounter
from sftsec_core.evaluation.labelled import facet_columns
from sftsec_core.evaluation.methods import decide_rows
from sftsec_core.plugins import get
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, ModelRef, Split, TaskSpec
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.proposing import Proposal
    from sftsec_core.operations.running import Run

_FILE = "drift.json"
JUDGED = "judged.npy"


def keep_reference(run: Run, proposal: Proposal, split: Split) -> None:
    """Write what a proposed model was made of and how it did; counts, and no text.

    Args:
        run: the run that made it.
        proposal: the model, with its report.
        split: what it was made of.
    """
    spec, salt = run.spec, run.context.salt
    held = _by_time([*split.dev, *split.test])
    calibrated, decided = _as_served(run, proposal, held)
    inputs, tested = [each.inputs for each in held], {id(each) for each in split.test}
    part = HeldOut(
        inputs,
        calibrated,
        decided,
        _columns(held, spec),
        np.array([id(each) in tested for each in held], dtype=np.bool_),
        _judged(split.train, spec, salt).fresh(inputs),
        [each.at for each in held],
    )
    everything = _by_time([example for _, part in split.parts() for example in part])
    _judged(everything, spec, salt).save(run.folder / JUDGED)
    reference = Reference.of(spec, [each.inputs for each in everything], part, salt)
    write_atomically(run.folder / _FILE, reference.to_json().encode())


def _as_served(
    run: Run, proposal: Proposal, examples: Sequence[Example]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The calibrated probabilities, shape (n, k), and the columns that are decided on, (n,)."""
    spec, plugins, scores = run.spec, run.context.plugins, proposal.report.candidate
    proba, _ = proposal.fitted.probabilities(examples, spec, proposal.fitted.recipe)
    calibrator = get("calibrator", scores.calibrator.name, plugins.specs(CalibratorSpec))
    decider = get("decider", scores.decider.name, plugins.specs(DeciderSpec))
    calibrated = calibrator.load(scores.calibrator.state).calibrate(proba)
    benign = None if spec.benign is None else spec.labels.index(spec.benign)
    loaded = decider.load(scores.decider.state)
    decisions = decide_rows(loaded, calibrated, facet_columns(examples))
    return calibrated, decisions.alerted(benign)


def reference_of(context: Context, model: ModelRef) -> Reference | None:
    """The reference of a model; None where another version made it, or its run is gone.

    Raises:
        IntegrityError: when its file is damaged.
    """
    try:
        file = context.store.runs.get(model.run_id).folder / _FILE
        return Reference.from_json(file.read_text(encoding="utf-8"))
    except (NotFoundError, FileNotFoundError, OtherFormatError):
        return None


def drift_counter(context: Context, model: ModelRef) -> DriftCounter | None:
    """What counts the events that a model scores; None where it has no reference."""
    reference = reference_of(context, model)
    if reference is None:
        return None
    reader, file = reference.reader, context.store.runs.get(model.run_id).folder / JUDGED
    try:
        judged = InputVerdicts.load(file, reader.columns, context.salt)
    except FileNotFoundError:
        return None
    return DriftCounter(reader, judged, context.salt, context.settings.drift.window)


def _judged(examples: Sequence[Example], spec: TaskSpec, salt: bytes) -> InputVerdicts:
    inputs = (each.inputs for each in examples)
    return InputVerdicts.of(inputs, _columns(examples, spec), len(spec.labels), salt)


def _columns(examples: Sequence[Example], spec: TaskSpec) -> NDArray[np.int64]:
    return np.array([spec.labels.index(example.label) for example in examples], dtype=np.int64)


def _by_time(examples: Sequence[Example]) -> list[Example]:
    """In the order of their times; as they are where one has none."""
    times = [example.at for example in examples]
    if not all(times):
        return list(examples)
    return sorted(examples, key=lambda example: example.at.timestamp() if example.at else 0.0)
