"""Who is proposed to the gate, what the gate says, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.domain import Decision, EvalReport, ModelRef, Split, Vote
from sftsec_core.errors import IntegrityError, NotFoundError
from sftsec_core.evaluation.evaluate import Fitted, evaluate
from sftsec_core.evaluation.report_json import from_json, to_json
from sftsec_core.files import write_atomically
from sftsec_core.pipeline.fitting import BASELINE
from sftsec_core.promotion.card import Provenance, build_card
from sftsec_core.promotion.gate import decide
from sftsec_core.promotion.registry import LIVE
from sftsec_core.promotion.serving import Serving
from sftsec_core.store.audit import current_user

if TYPE_CHECKING:
    from sftsec_core.pipeline.running import Run


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fitted model with what was found of it and what the gate said."""

    fitted: Fitted
    report: EvalReport
    decision: Decision


def propose(
    run: Run, fits: Mapping[str, Fitted], split: Split, data: Mapping[str, Any]
) -> Proposal:
    """Put the task's recipe to the gate; if it is refused, the linear baseline in its place.

    A slow model must earn its place. When it does not, the baseline, which was fitted anyway,
    may serve rather than nothing: it stands before the same gate. If that is refused too, what
    is returned is the first.
    """
    first: Proposal | None = None
    for name in dict.fromkeys((next(iter(fits)), BASELINE)):
        found = _put_to_the_gate(run, name, fits, split, _told(data, first))
        if found.decision.approved:
            return found
        first = first or found
    if first is None:  # pragma: no cover - fits are never empty
        raise AssertionError("nothing was fitted")
    return first


def _put_to_the_gate(
    run: Run, name: str, fits: Mapping[str, Fitted], split: Split, data: Mapping[str, Any]
) -> Proposal:
    plugins = run.workspace.plugins
    run.listener.stage("evaluate", name)
    # Linear is always beside it, also when it is the candidate itself.
    others = {other: fitted for other, fitted in fits.items() if other != name}
    others |= {BASELINE: fits[BASELINE]}
    incumbent = None
    live = _live(run)
    if live is not None:
        others[LIVE], incumbent = live
    report = evaluate(
        fits[name],
        others,
        split,
        run.spec,
        threshold=run.task.threshold,
        metrics=plugins.metrics(),
        data=data,
    )
    decision = decide(plugins, report, incumbent, run.task.gate)
    run.listener.stage("gate", "approved" if decision.approved else "refused")
    for vote in decision.votes:
        mark = "no " if not vote.approve else "but" if vote.warning else "yes"
        run.listener.note(f"{'':<10} {mark} {vote.voter}: {vote.reason}")
    return Proposal(fits[name], report, decision)


def _told(data: Mapping[str, Any], refused: Proposal | None) -> dict[str, Any]:
    if refused is None:
        return dict(data)
    reasons = "; ".join(f"{v.voter}: {v.reason}" for v in refused.decision.refusals())
    return {**data, "refused_first": f"{refused.fitted.recipe}: {reasons}"}


def _live(run: Run) -> tuple[Fitted, EvalReport | None] | None:
    """The model in service as it serves, and its own report; None when there is none."""
    registry = run.workspace.registry
    ref = registry.live(run.spec.name)
    if ref is None:
        return None
    try:
        loaded = registry.load(ref)
    except IntegrityError as error:
        # A damaged model in service must not keep a sound one from taking its place.
        run.listener.note(f"the model in service cannot be loaded: {error}")
        return None
    serving = loaded.serving
    fitted = Fitted(
        loaded.model,
        ref.recipe,
        cost=run.workspace.plugins.recipes()[ref.recipe].cost,
        temperature=serving.temperature,
        threshold=serving.threshold,
    )
    return fitted, _report_of(run, ref)


def _report_of(run: Run, ref: ModelRef) -> EvalReport | None:
    """The report that a model was promoted on; None when its run was pruned."""
    try:
        folder = run.workspace.store.runs.get(ref.run_id).folder
        return from_json((folder / "report.json").read_text(encoding="utf-8"))
    except (NotFoundError, OSError):
        return None


def register(run: Run, proposal: Proposal, snapshot: str, steps: Mapping[str, Any]) -> ModelRef:
    """Keep the proposed model with its card; it becomes the task's "candidate"."""
    settings = run.task.train
    encoder = {"path": settings.encoder.path, "sha256": settings.encoder.sha256 or "packaged"}
    provenance = Provenance(
        run_id=run.info.id,
        snapshot=snapshot,
        seed=settings.seed,
        settings=run.task.model_dump(mode="json"),
        encoder=None if proposal.fitted.recipe == BASELINE else encoder,
        # The run's, not the clock's: a run that was killed here registers the same model again.
        created_at=run.info.started_at,
    )
    serving = Serving.of(
        proposal.report,
        run.spec,
        max_length=settings.encoder.max_length,
        keep=run.task.keep,
        steps=steps,
    )
    card = build_card(proposal.report, proposal.decision, run.spec, provenance)
    registry = run.workspace.registry
    return registry.register(
        proposal.fitted.model, serving, card, run_id=run.info.id, by=current_user()
    )


def promote(run: Run, ref: ModelRef, decision: Decision) -> ModelRef:
    """Put an approved model in service and tell the observers."""
    registry = run.workspace.registry
    previous = registry.promote(run.spec.name, ref.digest, decision, current_user())
    promoted = registry.live(run.spec.name) or ref
    if previous is None or previous.digest != promoted.digest:
        run.workspace.plugins.model_promoted(promoted, previous, decision)
    run.listener.stage("promote", f"{promoted.digest[:12]} is live")
    return promoted


def write_reports(run: Run, proposal: Proposal, card: Mapping[str, Any]) -> None:
    """Write report.json and report.html into the run's folder."""
    from sftsec_core.evaluation.report_html import write_report

    run.report = proposal.report
    write_atomically(run.folder / "report.json", to_json(proposal.report).encode())
    run.report_file = run.folder / "report.html"
    write_report(proposal.report, proposal.decision, card, run.report_file)


def votes_json(votes: tuple[Vote, ...]) -> Iterator[dict[str, Any]]:
    """The votes as JSON values."""
    for vote in votes:
        yield {
            "voter": vote.voter,
            "approve": vote.approve,
            "warning": vote.warning,
            "reason": vote.reason,
        }
