"""`sftsec model promote`: put a model in service by hand."""

from __future__ import annotations

import click

from sftsec_core.cli.model.show import describe
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("promote")
@click.argument("model")
@click.option("--task", help="Look only among this task's models.")
@click.option("--force", metavar="REASON", help="Promote against the gate; the reason is kept.")
@json_option
@pass_app
def command(app: App, model: str, task: str | None, force: str | None, as_json: bool) -> None:
    """Put a model in service that the gate approved; exit 8 when it did not.

    \b
    Examples:
      sftsec model promote phishing@candidate
      sftsec model promote 3f9a2c51 --force "incident 4711: the live model misses the campaign"
    """
    from sftsec_core.registry.card import decision_of
    from sftsec_core.store.audit import current_user

    with app.context() as context:
        registry = context.registry
        ref = registry.resolve(model, task)
        card = registry.card(ref)
        decision = decision_of(card)
        before = registry.live(ref.task)
        # An approval holds against the model that it was compared with; whoever forces it
        # takes what is live now.
        against = (before.digest if before else None) if force else card["gate"]["incumbent"]
        previous = registry.promote(
            ref.task, ref.digest, decision, current_user(), force=force, instead_of=against
        )
        live = registry.live(ref.task) or ref
        if previous is None or previous.digest != live.digest:
            context.plugins.model_promoted(live, previous, decision)
    data = {**describe(live), "previous": previous.digest if previous else None}
    emit(data, as_json=as_json, show=facts({"live": live.digest, "before": data["previous"]}))
