"""Whether training again could make anything but the live model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.errors import IntegrityError, NotFoundError
from sftsec_core.evaluation.report.json import from_json
from sftsec_core.operations.proposing import Proposed
from sftsec_core.registry.card import decision_of

if TYPE_CHECKING:
    from sftsec_core.operations.running import Run


def same_as_live(run: Run, snapshot: str) -> Proposed | None:
    """The live model, when the same task, plugins and snapshot have made it.

    The task with its steps and its gate, the plugins with their versions, the lists of its
    labelling functions. The options of the connector do not matter: what they brought is in the
    snapshot.

    Args:
        run: the run that pulled the snapshot.
        snapshot: its digest.

    Returns:
        The live model with the report and the decision of the run that made it. None when that
        run had other settings or data or was pruned, when the model's files are not those
        registered, when it learned from incidents that were forgotten since, and when there is
        no live model.
    """
    registry, runs = run.context.registry, run.context.store.runs
    live = registry.live(run.spec.name)
    if live is None or live.digest in run.context.store.erasures.outdated():
        return None
    try:
        card = registry.card(live)
        ours, theirs = (runs.settings(each) for each in (run.info.id, live.run_id))
        if card["training_data"]["snapshot"] != snapshot or any(
            ours[name] != theirs.get(name) for name in ("task", "plugins", "lists")
        ):
            return None
        text = (runs.get(live.run_id).folder / "report.json").read_text(encoding="utf-8")
        report = from_json(text)
    except (IntegrityError, NotFoundError, OSError):
        return None
    return Proposed(live, report, decision_of(card), card["gate"]["incumbent"])
