"""Choose the candidate, put it to the promotion gate, register it and promote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import (
    CalibratorSpec,
    DeciderSpec,
    MetricSpec,
    RecipeSpec,
    RendererSpec,
    Spec,
    StepSpec,
)
from sftsec_core.api.domain import (
    Decision,
    EvalReport,
    Message,
    ModelRef,
    Vote,
)
from sftsec_core.api.errors import IntegrityError, NotFoundError
from sftsec_core.dataset.fingerprints import TrainingFingerprints
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.report.html import write_report
from sftsec_core.evaluation.report.json import from_json, to_json, without_texts
from sftsec_core.evaluation.unread import unread_line
from sftsec_core.operations.auditing import audits_of
from sftsec_core.operations.error_reasons import error_explainer
from sftsec_core.operations.fitting import not_compared
from sftsec_core.operations.live_disagreement import live_disagreement, with_live
from sftsec_core.operations.promote import tell_promotion, tell_votes
from sftsec_core.operations.refitting import Refitter, serving_methods
from sftsec_core.operations.watched_section import watched_section
from sftsec_core.recipes.chosen import chosen_recipes
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.registry.card import Provenance, build_card, decision_of
from sftsec_core.registry.gate import decide
from sftsec_core.registry.parent_voter import DERIVED
from sftsec_core.registry.registry import LIVE
from sftsec_core.registry.serving import Serving
from sftsec_core.sdk.atomic import write_atomically
from sftsec_core.store.reseal import LEFT_OUT

if TYPE_CHECKING:
    from sftsec_core.evaluation.evaluate import AuditRun
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run
    from sftsec_core.operations.splitting import TrainingData
    from sftsec_core.operations.training_device import TrainingDevice

PROPOSED = "proposed.json"
_HTML = "report.html"
FINGERPRINTS = "seen.npy"
# Of a run that made a model, what a later run on another host needs.
SHARED_FILES = (FINGERPRINTS, "report.json", "report.html")


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The live model.

    Attributes:
        ref: which it is.
        fitted: the model with the calibrator and decider that it serves with; None when its
            files are missing or altered, so that it cannot be compared.
        report: the one that it was promoted on; None when its run was pruned.
        error: why it cannot be compared; None when it can.
    """

    ref: ModelRef
    fitted: FittedModel | None
    report: EvalReport | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fitted model with what was found of it and what the gate said.

    Attributes:
        instead_of: digest of the live model that the gate compared it with.
        live_error: why the live model could not be compared; None when it could, or there is none.
    """

    fitted: FittedModel
    report: EvalReport
    decision: Decision
    instead_of: str | None
    live_error: str | None = None


def propose(
    run: Run, fits: Mapping[str, FittedModel], dataset: TrainingData, device: TrainingDevice
) -> Proposal:
    """Put the task's recipe to the promotion gate; if that rejects it, perhaps the baseline.

    A slow model must earn its place. Where it does not, and the live model is not a slow one
    either, the baseline, which was fitted anyway, is put to the same gate: it may serve
    rather than nothing. A better live model is never replaced that way, nor one that cannot be
    compared. If the gate rejects the baseline too, the first proposal is returned.
    """
    live, baseline = incumbent_of(run), run.spec.baseline
    split, data = dataset.split, _with_live_disagreement(run, dataset, live)
    if reasons := not_compared(run):
        data["not_compared"] = reasons
    audits = audits_of(run, Refitter(run, device, serving_methods(run)))
    TrainingFingerprints.of((*split.train, *dataset.train, *split.dev), run.context.salt).save(
        run.folder / FINGERPRINTS
    )
    first = _put_to_the_gate(run, next(iter(fits)), fits, dataset, data, live, audits)
    baseline_may = live is None or (live.fitted is not None and live.fitted.recipe == baseline)
    if first.decision.approved or first.fitted.recipe == baseline or not baseline_may:
        return first
    refused = "; ".join(f"{v.voter}: {v.reason}" for v in first.decision.refusals())
    told = {**data, "refused_first": f"{first.fitted.recipe}: {refused}"}
    second = _put_to_the_gate(run, baseline, fits, dataset, told, live, audits)
    return second if second.decision.approved else first


def _with_live_disagreement(
    run: Run, dataset: TrainingData, live: Incumbent | None
) -> dict[str, Any]:
    """What the report says of the data, with how often the live model contradicts each analyst."""
    data = dict(dataset.data)
    if live is not None and live.fitted is not None and "analysts" in data:
        examples = [example for _, part in dataset.split.parts() for example in part]
        found = live_disagreement(live.fitted, examples, dataset.support, run.spec)
        data["analysts"] = with_live(data["analysts"], found)
    return data


def _put_to_the_gate(
    run: Run,
    name: str,
    fits: Mapping[str, FittedModel],
    dataset: TrainingData,
    data: Mapping[str, Any],
    live: Incumbent | None,
    audits: Mapping[str, AuditRun],
) -> Proposal:
    # The baseline is always beside it, also when it is the candidate itself.
    others = {other: fitted for other, fitted in fits.items() if other != name}
    others |= {run.spec.baseline: fits[run.spec.baseline]}
    if live is not None and live.fitted is not None:
        others[LIVE] = live.fitted
    elif live is not None:
        data = {**data, "live_damaged": live.ref.digest, "live_error": live.error}
    with run.stage("evaluate", name):
        report = evaluate(
            fits[name],
            others,
            dataset.split,
            run.spec,
            methods=serving_methods(run),
            metrics=plugin_metrics(run),
            audits=audits,
            settings=run.task.evaluation,
            data=data,
            leaks=dataset.leaks,
            canaries=dataset.canaries,
            explain=error_explainer(run),
        )
    if (watched := watched_section(run)) is not None:
        report = replace(report, sections={**report.sections, "watched": watched})
    if cut := report.candidate.cut:
        lost = report.candidate.cut_characters
        text = f"{name}: {unread_line(cut, len(dataset.split.test), lost, 'test texts')}"
        run.emit(Message(text=text, level="warning"))
    decision = decide(run.context.plugins, report, live.report if live else None, run.task.gate)
    tell_votes(run, name, decision)
    before = (live.ref.digest, live.error) if live else (None, None)
    return Proposal(fits[name], report, decision, *before)


def plugin_metrics(run: Run) -> dict[str, MetricSpec[Any]]:
    """The metrics of enabled plugins, with the settings that the task gives them."""
    given = run.task.evaluation.metrics
    plugins = run.context.plugins
    return {
        name: spec.with_settings(given.get(name, {}), plugins.base)
        for name, spec in plugins.specs(MetricSpec).items()
    }


def incumbent_of(run: Run) -> Incumbent | None:
    """The live model as it serves; None when there is none."""
    registry = run.context.registry
    ref = registry.live(run.spec.name)
    if ref is None:
        return None
    report = _report_of(run, ref)
    try:
        loaded = registry.load(ref)
    except IntegrityError as error:
        # The gate rejects what was not compared; a person may promote it nevertheless.
        run.emit(Message(text=f"the live model cannot be compared: {error}", level="warning"))
        return Incumbent(ref, None, report, str(error))
    recipe = run.context.plugins.specs(RecipeSpec)[ref.recipe]
    fitted = FittedModel(
        loaded.model,
        ref.recipe,
        inference_cost=recipe.cost_of(loaded.model),
        parts=loaded.parts,
        seen=seen_by(run.context, ref),
    )
    return Incumbent(ref, fitted, report)


def seen_by(context: Context, ref: ModelRef) -> TrainingFingerprints | None:
    """What a model was trained on; None when its run was pruned."""
    try:
        return TrainingFingerprints.load(
            context.at_hand(context.store.runs.get(ref.run_id).folder) / FINGERPRINTS,
            context.salt,
        )
    except NotFoundError:
        return None


def _report_of(run: Run, ref: ModelRef) -> EvalReport | None:
    """The report that a model was promoted on; None when its run was pruned."""
    try:
        folder = run.context.at_hand(run.context.store.runs.get(ref.run_id).folder)
        return from_json((folder / "report.json").read_text(encoding="utf-8"))
    except (NotFoundError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Proposed:
    """A registered model that waits to be promoted or left."""

    model: ModelRef
    report: EvalReport
    decision: Decision
    instead_of: str | None


def recall(run: Run) -> Proposed | None:
    """What a run that was killed later on had proposed already; None when it had not."""
    file = run.folder / PROPOSED
    if not file.is_file():
        return None
    known = json.loads(file.read_text(encoding="utf-8"))
    registry = run.context.registry
    model = registry.resolve(known["model"], run.spec.name)
    report = from_json((run.folder / "report.json").read_text(encoding="utf-8"))
    _remember_report(run, report)
    return Proposed(model, report, decision_of(registry.card(model)), known["instead_of"])


def register(run: Run, proposal: Proposal, snapshot: str, steps: Mapping[str, Any]) -> Proposed:
    """Keep the proposed model with its card and its report; it becomes the task's "candidate"."""
    encoder = _encoder(run, proposal.fitted.recipe)
    provenance = _provenance(run, proposal, snapshot, encoder)
    serving = Serving.of(
        proposal.report,
        run.spec,
        max_length=encoder.max_length if encoder else None,
        keep=run.task.keep,
        steps=steps,
        render=None if run.task.render is None else run.task.render.model_dump(),
        plugins=_trained_with(run, proposal.fitted.recipe),
    )
    return keep(run, proposal, serving, provenance)


def keep(run: Run, proposal: Proposal, serving: Serving, provenance: Provenance) -> Proposed:
    """Register a proposed model as it will serve, and write its card and its report."""
    if run.context.vault is not None:
        proposal = replace(proposal, report=without_texts(proposal.report, LEFT_OUT))
    card = build_card(proposal.report, proposal.decision, run.spec, provenance)
    run.context.share(run.folder, SHARED_FILES)
    model = run.context.registry.register(
        proposal.fitted.model, serving, card, run_id=run.info.id, by=run.context.actor.name
    )
    if proposal.live_error and model.digest == proposal.instead_of:
        run.note("this run made the live model again, and put back its files")
    write_atomically(run.folder / "report.json", to_json(proposal.report).encode())
    page = run.folder / _HTML
    write_report(proposal.report, proposal.decision, card, page, model=model.digest)
    _remember_report(run, proposal.report)
    run.context.share(run.folder, SHARED_FILES)
    # Written last: from here on a rerun only has the promotion left to do.
    known = {"model": model.digest, "instead_of": proposal.instead_of}
    write_atomically(run.folder / PROPOSED, json.dumps(known).encode())
    return Proposed(model, proposal.report, proposal.decision, proposal.instead_of)


def _trained_with(run: Run, recipe: str) -> dict[str, str]:
    """The plugins that made a model and that it serves with, with their versions."""
    plugins, task = run.context.plugins, run.task
    specs: list[Spec[Any]] = [
        plugins.specs(RecipeSpec)[recipe],
        plugins.specs(CalibratorSpec)[task.calibrator.name],
        plugins.specs(DeciderSpec)[task.decider.name],
    ]
    specs += [plugins.specs(StepSpec)[name] for name in task.steps]
    if task.render is not None:
        specs.append(plugins.specs(RendererSpec)[task.render.name])
    versions = plugins.versions()
    return {name: versions.get(name, "") for name in map(plugins.provider, specs) if name}


def _encoder(run: Run, recipe: str) -> EncoderSettings | None:
    """The encoder that a recipe is set to read; None for one that has none."""
    choice = chosen_recipes(run.task.train, run.spec.baseline)[recipe]
    plugins = run.context.plugins
    config = plugins.specs(RecipeSpec)[recipe].configure(choice.options(), base=plugins.base)
    found = getattr(config, "encoder", None)
    return found if isinstance(found, EncoderSettings) else None


def _provenance(
    run: Run, proposal: Proposal, snapshot: str, encoder: EncoderSettings | None
) -> Provenance:
    settings = run.task.train
    named = (
        None if encoder is None else {"path": encoder.path, "sha256": encoder.sha256 or "packaged"}
    )
    return Provenance(
        run_id=run.info.id,
        snapshot=snapshot,
        seed=settings.seed,
        settings=run.task.model_dump(mode="json"),
        encoder=named,
        created_at=run.info.started_at,
        incumbent=proposal.instead_of,
        fit_notes=proposal.fitted.notes,
    )


def _remember_report(run: Run, report: EvalReport) -> None:
    run.report = report
    run.report_file = run.folder / _HTML


def promote_proposed(run: Run, proposed: Proposed) -> ModelRef:
    """Make an approved model the live one and emit the event.

    Raises:
        StoreError: when another model is live than the one that it was compared with.
    """
    context, ref = run.context, proposed.model
    previous = context.registry.promote(
        run.spec.name,
        ref.digest,
        proposed.decision,
        context.actor.name,
        instead_of=proposed.instead_of,
    )
    promoted = context.registry.live(run.spec.name) or ref
    tell_promotion(context, promoted, previous, run=run.info.id)
    _tell_if_optimized(run, previous)
    return promoted


def _tell_if_optimized(run: Run, previous: ModelRef | None) -> None:
    """Say that scoring is slower from here on, where the model before was an optimized one."""
    with suppress(IntegrityError):
        if previous is None or DERIVED not in run.context.registry.card(previous)["model_details"]:
            return
        text = (
            f"the model before was optimized; `sftsec model optimize {run.spec.name}` does it again"
        )
        run.emit(Message(text=text, level="warning"))


def votes_json(votes: tuple[Vote, ...]) -> Iterator[dict[str, Any]]:
    """The votes as JSON values."""
    for vote in votes:
        yield {
            "voter": vote.voter,
            "approve": vote.approve,
            "warning": vote.warning,
            "abstained": vote.abstained,
            "reason": vote.reason,
        }
