"""Derive a faster model from one that is registered, and put it to the promotion gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import RecipeSpec
from sftsec_core.api.domain import Objective, Permission
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.dataset.fingerprints import TrainingFingerprints
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.evaluation.agreement import compare_with_parent
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.operations.drift_reference import keep_reference
from sftsec_core.operations.fitting import fit_all
from sftsec_core.operations.preflight import check_requirements
from sftsec_core.operations.promote import tell_votes
from sftsec_core.operations.proposing import (
    FINGERPRINTS,
    Proposal,
    incumbent_of,
    keep,
    plugin_metrics,
    recall,
    votes_json,
)
from sftsec_core.operations.refitting import serving_methods
from sftsec_core.operations.running import running
from sftsec_core.operations.score import live_model
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.operations.training_device import training_device
from sftsec_core.operations.transforming import transform_train
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.quantizing import quantized
from sftsec_core.registry.card import Provenance
from sftsec_core.registry.gate import decide
from sftsec_core.registry.parent_voter import DERIVED
from sftsec_core.registry.registry import LIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import Decision, EvalReport, ModelRef, Split
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.proposing import Incumbent
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData
    from sftsec_core.registry.registry import LoadedModel

INT8 = "int8"
PARENT = "parent"
_BUILT = "optimized"


@dataclass(frozen=True, slots=True)
class OptimizeResult:
    """The result of an optimization.

    Attributes:
        run: its id.
        parent: what the model was made of.
        model: the new one, the task's candidate.
        report: of the new one beside the parent, the baseline and the live model.
        decision: the gate's.
    """

    run: str
    parent: ModelRef
    model: ModelRef
    report: EvalReport
    decision: Decision

    @property
    def derived(self) -> Mapping[str, Any]:
        """How far both agree, by part, and what each scores a second."""
        found: Mapping[str, Any] = self.report.data[DERIVED]
        return found

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "run": self.run,
            "task": self.model.task,
            "parent": self.parent.digest,
            "model": {"digest": self.model.digest, "recipe": self.model.recipe},
            "approved": self.decision.approved,
            "votes": list(votes_json(self.decision.votes)),
            **{name: self.derived[name] for name in ("how", "agreement", "score_per_second")},
        }


def optimize(context: Context, name: str) -> OptimizeResult:
    """Put a model's encoder in 8 bits, compare it with its parent, and ask the promotion gate.

    The new model is another one of the registry: with a card, signed like any other, the task's
    candidate, and not live before it is promoted. It keeps the parent's calibrator and decider.
    Nothing is pulled: the data set that the parent was trained on is split as it was then.

    Args:
        context: settings, store, registry, actor and event stream.
        name: a task, whose live model is meant, or a model as `ModelRegistry.resolve` takes it.

    Raises:
        NotFoundError: when there is no such task or model.
        ConfigError: when the task is another one since the model was trained.
        DataError: when the data set that it was trained on is gone.
        TrainingError: when it has no encoder that can be put in 8 bits, or a package is missing.
    """
    authorize_some(context.actor, Permission.RETRAIN, None)
    parent = _named(context, name)
    authorize(context.actor, Permission.RETRAIN, parent.task)
    check_requirements(context.task(parent.task), context.plugins)
    context.registry.signatures.check_keys()
    with running(context, "optimize", parent.task) as run:
        proposed = recall(run)
        if proposed is None or proposed.report.data[DERIVED]["parent"] != parent.digest:
            loaded = context.registry.load(parent)
            _check_task(run, loaded)
            snapshot, derived = _snapshot_of(run, loaded), _derived(run, loaded)
            proposal, split = _propose(run, loaded, derived, snapshot)
            keep_reference(run, proposal, split)
            card = context.registry.card(parent)
            proposed = keep(run, proposal, loaded.serving, _provenance(run, proposal, card))
        run.status = "succeeded" if proposed.decision.approved else "refused"
    return OptimizeResult(run.info.id, parent, proposed.model, proposed.report, proposed.decision)


def _named(context: Context, name: str) -> ModelRef:
    if name in context.settings.tasks:
        return live_model(context, name)
    return context.registry.resolve(name)


def _check_task(run: Run, loaded: LoadedModel) -> None:
    """Refuse to judge a model on another question than it was trained for."""
    asked, trained = replace(run.spec, objective=Objective()), loaded.serving.task
    if asked != trained:
        raise ConfigError(
            f"task {run.spec.name!r} reads other fields or has other labels than when model "
            f"{loaded.ref.digest[:12]} was trained: retrain it first"
        )


def _snapshot_of(run: Run, loaded: LoadedModel) -> Snapshot:
    context, task = run.context, run.spec.name
    digest = context.registry.card(loaded.ref)["training_data"]["snapshot"]
    for stored in context.store.snapshots.list(task):
        if stored.digest == digest:
            return open_snapshot(context.at_hand(stored.folder), vault=context.vault)
    raise DataError(
        f"the data set of model {loaded.ref.digest[:12]}, {str(digest)[:12]}, is gone, so that it "
        f"cannot be judged: `sftsec retrain {task} --force` makes another one"
    )


def _propose(
    run: Run, loaded: LoadedModel, derived: FittedModel, snapshot: Snapshot
) -> tuple[Proposal, Split]:
    labelled = split_snapshot(run, snapshot)
    train = transform_train(run, labelled).train
    split, baseline = labelled.split, run.spec.baseline
    TrainingFingerprints.of((*split.train, *train, *split.dev), run.context.salt).save(
        run.folder / FINGERPRINTS
    )
    with training_device(run) as device:
        fits = fit_all(run, replace(split, train=train), device, only=(baseline,))
        device.check()
        return _judge(run, loaded, derived, labelled, fits), split


def _judge(
    run: Run,
    loaded: LoadedModel,
    derived: FittedModel,
    data: TrainingData,
    fits: Mapping[str, FittedModel],
) -> Proposal:
    live, plugins = incumbent_of(run), run.context.plugins
    beside = _beside(run, loaded, live)
    parent = next(iter(beside.values()))
    with run.stage("evaluate", f"{INT8} beside {loaded.ref.digest[:12]}"):
        found = compare_with_parent(derived, parent, data.split, run.spec, loaded.parts)
        report = evaluate(
            derived,
            {**fits, **beside},
            data.split,
            run.spec,
            methods=serving_methods(run),
            metrics=plugin_metrics(run),
            settings=run.task.evaluation,
            data=data.data,
            leaks=data.leaks,
        )
    speeds = {INT8: report.candidate, PARENT: report.others[next(iter(beside))]}
    told = {
        "parent": loaded.ref.digest,
        "how": INT8,
        "agreement": found,
        "score_per_second": {name: scores.score_per_second for name, scores in speeds.items()},
    }
    more = (
        {"live_damaged": live.ref.digest, "live_error": live.error} if live and live.error else {}
    )
    report = replace(report, data={**report.data, **more, DERIVED: told})
    decision = decide(plugins, report, live.report if live else None, run.task.gate)
    tell_votes(run, loaded.ref.recipe, decision)
    if live is None:
        return Proposal(derived, report, decision, None)
    return Proposal(derived, report, decision, live.ref.digest, live.error)


def _beside(run: Run, loaded: LoadedModel, live: Incumbent | None) -> dict[str, FittedModel]:
    """The parent, and behind it the live model where that is another one."""
    there = {} if live is None or live.fitted is None else {LIVE: live.fitted}
    if there and live is not None and live.ref.digest == loaded.ref.digest:
        return there
    recipe = run.context.plugins.specs(RecipeSpec)[loaded.ref.recipe]
    cost = recipe.cost_of(loaded.model)
    parent = FittedModel(loaded.model, recipe.name, inference_cost=cost, parts=loaded.parts)
    return {PARENT: parent, **there}


def _derived(run: Run, loaded: LoadedModel) -> FittedModel:
    """The model as it is kept: what is judged is what will serve."""
    specs, recipe = run.context.plugins.specs(RecipeSpec), loaded.ref.recipe
    folder = run.folder / f"{_BUILT}-{loaded.ref.digest[:12]}"
    if not folder.exists():
        with run.stage("optimize", f"{recipe} in 8 bits"):
            save_model(quantized(loaded.model, recipe), recipe, folder)
    with encoders_relative_to(run.context.plugins.base):
        made = load_model(folder, specs)
    cost = specs[recipe].cost_of(made)
    return FittedModel(made, recipe, inference_cost=cost, parts=loaded.parts)


def _provenance(run: Run, proposal: Proposal, card: Mapping[str, Any]) -> Provenance:
    """As the parent's, but of this run."""
    details = card["model_details"]
    return Provenance(
        run_id=run.info.id,
        snapshot=card["training_data"]["snapshot"],
        seed=details["seed"],
        settings=run.task.model_dump(mode="json"),
        encoder=details["encoder"],
        created_at=run.info.started_at,
        incumbent=proposal.instead_of,
        fit_notes=details["fit_notes"],
    )
