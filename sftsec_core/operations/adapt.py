"""Adapt a task's encoder to the site's texts, and tell whether it paid."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import RecipeSpec, TrainJob
from sftsec_core.api.domain import Batch, Interval, Message, Permission
from sftsec_core.api.errors import DataError
from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.bootstrap import Resamples, difference
from sftsec_core.evaluation.comparison import sample_figures
from sftsec_core.models.artifact import publish
from sftsec_core.operations.adapted_encoders import ENCODERS
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.fitting import launch
from sftsec_core.operations.ingesting import DONE
from sftsec_core.operations.pooling import last_pool
from sftsec_core.operations.preflight import check_encoders, check_requirements
from sftsec_core.operations.running import running
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.operations.training_device import training_device
from sftsec_core.plugins import get
from sftsec_core.recipes.adaptation import FACTS, Adaptation, AdaptationSettings
from sftsec_core.recipes.chosen import chosen_recipes
from sftsec_core.recipes.config import EncoderSettings, HybridConfig
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.launch.adapt import adapted_folder
from sftsec_core.recipes.sampling import stratified_sample
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.staging import staging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sftsec_core.api.domain import Split
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData

_PROBED = 2000  # rows of train, and of dev, that the probes are fitted and judged on
_FIGURE = "macro_f1"


@dataclass(frozen=True, slots=True)
class ProbeComparison:
    """A logistic head on the frozen vectors of the parent and of the adapted encoder, on dev.

    Attributes:
        rows: of dev.
        before: macro-F1 on the parent's vectors.
        after: on the adapted encoder's.
        gain: the paired difference, with its 95% interval.
    """

    rows: int
    before: float | None
    after: float | None
    gain: Interval

    @property
    def verdict(self) -> str:
        """What the interval says: "better", "worse" or "no difference shown"."""
        if self.gain.low is None or self.gain.high is None:
            return "no difference shown"
        if self.gain.low > 0:
            return "better"
        return "worse" if self.gain.high < 0 else "no difference shown"

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class AdaptResult:
    """An adapted encoder.

    Attributes:
        digest: of all its files, as `encoder.sha256` has it.
        folder: where it lies.
        path: the same, as `encoder.path` has it.
        facts: what made it.
        probe: whether it paid, as far as dev tells.
    """

    run: str
    digest: str
    folder: Path
    path: str
    facts: Adaptation
    probe: ProbeComparison

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": self.run,
            "encoder": {"path": self.path, "sha256": self.digest},
            "adaptation": self.facts.to_json(),
            "probe": self.probe.to_json(),
        }


def adapt(context: Context, name: str, budget: timedelta) -> AdaptResult:
    """Train the task's encoder on texts of its train part and of its pool; see ADR 37.

    Nothing is pulled, no label is trained on, and nothing is put in use: the configuration names
    the encoder that `retrain` reads.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        budget: time for the training; the probes come on top, bounded by their rows.

    Raises:
        NotFoundError: when there is no such task.
        DataError: when there is no data set, or nothing in it to train on.
        TrainingError: when the budget is too short, or nothing was gained; no encoder is kept.
    """
    authorize(context.actor, Permission.RETRAIN, name)
    check_requirements(context.task(name), context.plugins)
    check_encoders(context.task(name), context.plugins, context.file, name)
    context.registry.signatures.check_keys()
    context = context.with_budget(name, budget)
    encoder = task_encoder(context, name)
    newest_dataset(context, name)
    with running(context, "adapt", name) as run, training_device(run) as device:
        snapshot = _snapshot(run)
        dataset = split_snapshot(run, snapshot)
        split = dataset.split
        built = adapted_folder(run.folder)
        if not (built / FACTS).is_file():
            settings, read = adaptation_order(run, snapshot, dataset, encoder)
            order: Mapping[str, Any] = settings.model_dump(mode="json")
            launch(run, read, (), device, run.folder, adaptation=order)
        digest, folder = _publish(run, built)
        path = _path_of(context, folder)
        adapted = encoder.model_copy(update={"path": str(folder), "sha256": digest})
        with run.stage("probe", "a logistic head on the frozen vectors, on dev"):
            probe = _compare_probes(run, split, encoder, adapted)
        facts = Adaptation.load(folder)
        told = {"parent": facts.parent_sha256, "snapshot": snapshot.digest, "run": run.info.id}
        context.store.audit.append("encoder.adapted", digest, told)
        parent = f"{facts.parent} ({facts.parent_sha256[:12]})"
        run.note(f"adapted from {parent}: encoder: {{path: {path}, sha256: {digest}}}")
    return AdaptResult(run.info.id, digest, folder, path, facts, probe)


def adaptation_order(
    run: Run, snapshot: Snapshot, dataset: TrainingData, encoder: EncoderSettings
) -> tuple[AdaptationSettings, Split]:
    """How the encoder would be trained, and what is read: the pool stands in train.

    Raises:
        DataError: when there is no dev part.
    """
    split = dataset.split
    if not split.dev:
        raise DataError(f"task {run.spec.name!r} has no dev part, on which an adaptation is judged")
    pool = last_pool(run, snapshot, dataset)
    settings = AdaptationSettings(
        encoder=encoder, snapshot=snapshot.digest, pool=pool.snapshot if pool else ""
    )
    unlabelled = [row.example for row in pool.rows] if pool else []
    return settings, replace(split, train=(*split.train, *unlabelled))


def task_encoder(context: Context, name: str) -> EncoderSettings:
    """The encoder that the task's recipes name first; the packaged one where none does."""
    specs = context.plugins.specs(RecipeSpec)
    chosen = chosen_recipes(context.task(name).train, context.task_spec(name).baseline)
    for recipe, choice in chosen.items():
        config = get("recipe", recipe, specs).configure(choice.options(), base=context.plugins.base)
        found = getattr(config, "encoder", None)
        if isinstance(found, EncoderSettings):
            return found
    return EncoderSettings()


def _snapshot(run: Run) -> Snapshot:
    """The newest data set; of a run that is resumed the one that it began with."""
    from sftsec_core.dataset.snapshot import open_snapshot

    file = run.folder / DONE
    if file.is_file():
        folder = run.context.folder / "snapshots" / file.read_text("ascii")
        return open_snapshot(run.context.at_hand(folder), vault=run.context.vault)
    snapshot = newest_dataset(run.context, run.spec.name)
    write_atomically(file, snapshot.digest.encode())
    return snapshot


def _publish(run: Run, built: Path) -> tuple[str, Path]:
    """Keep the encoder under its digest, signed where models are, shared where they are."""
    context = run.context
    with staging(context.folder / ENCODERS) as place:
        draft = place / "encoder"
        shutil.copytree(built, draft)
        digest, folder = publish(draft, context.folder / ENCODERS, "encoder")
        context.registry.signatures.seal(folder)
        context.share(folder)
    return digest, folder


def _path_of(context: Context, folder: Path) -> str:
    """A folder as `encoder.path` names it: from that of sftsec.yaml, where it lies below."""
    base = context.file.resolve().parent
    return str(folder.relative_to(base) if folder.is_relative_to(base) else folder)


def _compare_probes(
    run: Run, split: Split, parent: EncoderSettings, adapted: EncoderSettings
) -> ProbeComparison:
    from sftsec_core.recipes.hybrid import train_probe

    seed, labels = run.task.train.seed, run.spec.labels
    train = stratified_sample(split.train, _PROBED, seed)
    dev = stratified_sample(split.dev, _PROBED, seed)
    y = np.array([labels.index(example.label) for example in dev], dtype=np.int64)
    benign = labels.index(run.spec.benign) if run.spec.benign in labels else None
    batch, resamples, figures = Batch.of_examples(run.spec.inputs, dev), Resamples(y), []
    with encoders_relative_to(run.context.plugins.base):
        for encoder in (parent, adapted):
            job = TrainJob(
                task=run.spec,
                train=train,
                dev=dev,
                config=HybridConfig(encoder=encoder),
                settings=run.task.train,
                workdir=run.folder,
            )
            answered = Predictions(y, train_probe(job).predict_proba(batch), benign)
            figures.append(sample_figures(answered, resamples)[_FIGURE])
            run.heartbeat.check()
    before, after = figures
    gain = difference(after, before)
    found = ProbeComparison(len(dev), before.value, after.value, gain)
    run.emit(Message(text=f"the adapted encoder on dev: {found.verdict}"))
    return found
