"""`sftsec privacy account`: what a task's trainings have spent together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.privacy_account import PrivacyAccount


@click.command("account", short_help="Show what a task's trainings have spent together.")
@click.argument("task", shell_complete=complete_task)
@json_option
@pass_app
def command(app: App, task: str, as_json: bool) -> None:
    """Show the privacy that all trainings of a task have spent, the rejected ones too.

    A training by DP-SGD (recipe private_linear) spends epsilon; trainings on the same incidents add
    up, by Opacus's accountant. With `train.privacy_budget` a training that would spend more than
    it allows is refused before it begins. The account is read from the audit log.

    \b
    Examples:
      sftsec privacy account phishing
      sftsec privacy account phishing --json
    """
    from sftsec_core.operations.privacy_account import privacy_account

    with app.context() as context:
        found = privacy_account(context, task)
    emit(found.to_json(), as_json=as_json, show=lambda out: _show(out, found))


def _show(out: Console, found: PrivacyAccount) -> None:
    if not found.trainings:
        out.print(f"no training of {found.task} had differential privacy: nothing bounds the loss")
        return
    columns = ("began (UTC)", "run", "recipe", "epsilon", "together")
    rows = [
        (f"{t.at:%Y-%m-%d %H:%M}", t.run, t.recipe, f"{t.epsilon:.2f}", f"{t.total:.2f}")
        for t in found.trainings
    ]
    table(f"{found.task} at delta {found.delta:g}", columns, rows)(out)
    budget = f" of {found.budget:g}" if found.budget is not None else "; train.privacy_budget: none"
    out.print(f"spent: epsilon {found.spent:.2f}{budget}")
