"""What the drift of a model is measured against: written when it is made, beside its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.contracts import CalibratorSpec, DeciderSpec
from sftsec_core.api.errors import NotFoundError
from sftsec_core.drift.judged import JudgedInputs
from sftsec_core.drift.reference import OtherFormatError, Reference, ScoredTest
from sftsec_core.drift.windows import DriftCounter
from sftsec_core.plugins import get
from sftsec_core.sdk.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Example, ModelRef, Split, TaskSpec
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.proposing import Proposal
    from sftsec_core.operations.running import Run

_FILE = "drift.json"
_JUDGED = "judged.npy"


def keep_reference(run: Run, proposal: Proposal, split: Split) -> None:
    """Write what a proposed model was made of and how it did on test; counts, and no text.

    Args:
        run: the run that made it.
        proposal: the model, with its report.
        split: what it was made of.
    """
    test = _by_time(split.test)
    proba, _ = proposal.fitted.probabilities(split.test, run.spec, proposal.fitted.recipe)
    place = {id(example): number for number, example in enumerate(split.test)}
    plugins, scores = run.context.plugins, proposal.report.candidate
    calibrator = get("calibrator", scores.calibrator.name, plugins.specs(CalibratorSpec))
    decider = get("decider", scores.decider.name, plugins.specs(DeciderSpec))
    calibrated = calibrator.load(scores.calibrator.state).calibrate(
        proba[np.array([place[id(example)] for example in test], dtype=np.intp)]
    )
    spec, salt = run.spec, run.context.salt
    learned = _judged([*split.train, *split.dev], spec, salt)
    benign = None if spec.benign is None else spec.labels.index(spec.benign)
    part = ScoredTest(
        [example.inputs for example in test],
        calibrated,
        decider.load(scores.decider.state).decide(calibrated).alerted(benign),
        np.array([spec.labels.index(example.label) for example in test], dtype=np.int64),
        learned.fresh([example.inputs for example in test]),
        [example.at for example in test],
    )
    everything = _by_time([example for _, part in split.parts() for example in part])
    inputs = [example.inputs for example in everything]
    _judged(everything, spec, salt).save(run.folder / _JUDGED)
    reference = Reference.of(spec, inputs, part, salt)
    write_atomically(run.folder / _FILE, reference.to_json().encode())


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
    reader, file = reference.reader, context.store.runs.get(model.run_id).folder / _JUDGED
    try:
        judged = JudgedInputs.load(file, reader.columns, context.salt)
    except FileNotFoundError:
        return None
    return DriftCounter(reader, judged, context.salt, context.settings.drift.window)


def _judged(examples: Sequence[Example], spec: TaskSpec, salt: bytes) -> JudgedInputs:
    y = np.array([spec.labels.index(example.label) for example in examples], dtype=np.int64)
    return JudgedInputs.of((each.inputs for each in examples), y, len(spec.labels), salt)


def _by_time(examples: Sequence[Example]) -> list[Example]:
    """In the order of their times; as they are where one has none."""
    times = [example.at for example in examples]
    if not all(times):
        return list(examples)
    return sorted(examples, key=lambda example: example.at.timestamp() if example.at else 0.0)
