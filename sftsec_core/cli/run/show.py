"""`sftsec run show`: a run with its figures and the settings that it worked by."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_run
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("show", short_help="Show a run's end, figures and settings.")
@click.argument("run", shell_complete=complete_run)
@json_option
@pass_app
def command(app: App, run: str, as_json: bool) -> None:
    """Show how a run ended, its figures and the settings that it worked by.

    RUN is a run's id or the beginning of one.

    \b
    Examples:
      sftsec run show 20260131T12
      sftsec run show 20260131T120000-1a2b3c4d --json
    """
    from sftsec_core.operations.compare_runs import figures_of
    from sftsec_core.operations.list_runs import listed
    from sftsec_core.operations.show_run import show_run

    with app.context() as context:
        shown = show_run(context, run)
        runs = context.store.runs
        line, settings = listed(shown.info, runs.lost()), runs.settings(shown.info.id)
    report = str(shown.report) if shown.report else None
    figures = figures_of(shown.evaluation)
    data = {**line.to_json(), "report": report, "figures": figures, "settings": settings}
    facts_shown = {**line.to_json(), "report": report, **figures}
    emit(data, as_json=as_json, show=facts(facts_shown))
