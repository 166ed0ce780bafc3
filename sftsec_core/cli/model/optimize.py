"""`sftsec model optimize`: a faster model of one that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_model
from sftsec_core.cli.live import live_context
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.optimize import OptimizeResult

_COLUMNS = ("part", "rows", "decided alike", "macro-F1", "parent's", "largest change")


@click.command("optimize", short_help="Put a model's encoder in 8 bits, for scoring on a CPU.")
@click.argument("model", metavar="TASK|MODEL", shell_complete=complete_model)
@json_option
@pass_app
def command(app: App, model: str, as_json: bool) -> None:
    """Make a model with its encoder in 8 bits, compare it with its parent, and ask the gate.

    A task stands for its live model. The new model keeps the parent's calibrator and threshold and
    becomes the task's candidate; the gate rejects it (exit 8) where it loses more than 0.2 points
    of macro-F1 on dev or test. Promote it like any other. ONNX Runtime computes it, on the CPU:
    pip install 'sftsec[onnx]'. The next retraining makes a model that is not optimized.

    \b
    Examples:
      sftsec model optimize phishing
      sftsec model optimize phishing@candidate --json
    """
    from sftsec_core.api.errors import GateRefusedError
    from sftsec_core.operations.optimize import optimize

    with live_context(app, quiet=as_json) as context:
        result = optimize(context, model)
    emit(result.to_json(), as_json=as_json, show=lambda out: show_result(out, result))
    if not result.decision.approved:
        reasons = "; ".join(f"{v.voter}: {v.reason}" for v in result.decision.refusals())
        raise GateRefusedError(f"the promotion gate rejects the model: {reasons or 'no votes'}")
    app.next(f"sftsec model promote {result.model.digest[:12]}", as_json=as_json)


def show_result(out: Console, result: OptimizeResult) -> None:
    """Print how far both agree, the votes, and how fast each is."""
    from sftsec_core.cli.figures import show_votes

    rows = [
        (part, each["rows"], *(each[key] for key in ("same", "macro_f1", "parent_macro_f1")),
         each["max_difference"])
        for part, each in result.derived["agreement"].items()
    ]  # fmt: skip
    table(f"int8 beside {result.parent.digest[:12]}", _COLUMNS, rows)(out)
    show_votes(out, result.decision)
    speeds = result.derived["score_per_second"]
    out.print(f"speed   {speeds['int8']:,.0f} rows a second here, {speeds['parent']:,.0f} before")
    state = "approved" if result.decision.approved else "rejected"
    out.print(f"model   {result.model.digest[:12]} ({result.model.recipe}), {state}")
