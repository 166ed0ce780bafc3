"""`sftsec store check`: is everything there and as it was written."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("check", short_help="Check the store and the folders that it names.")
@click.option("--deep", is_flag=True, help="Compare every file with its digest; reads them all.")
@json_option
@pass_app
def command(app: App, deep: bool, as_json: bool) -> None:
    """Check database, chains, schema and folders; exit 10 with a line for each problem.

    Nothing is changed. Folders that no row names are counted and are no problem: sftsec gc
    removes them in time. Others may work meanwhile.

    \b
    Examples:
      sftsec store check
      sftsec store check --deep --json
    """
    from sftsec_core.api.errors import StoreError
    from sftsec_core.cli.gc import size
    from sftsec_core.operations.check_store import check_store

    with app.context() as context:
        found = check_store(context, deep=deep)
    shown = {
        "store": found.place,
        "schema": f"{found.revision or 'none yet'} (this version: {found.expected})",
        "size": size(found.bytes),
        "rows": ", ".join(f"{name} {n:,}" for name, n in found.rows.items() if n) or "none",
        "without a row": ", ".join(f"{name} {n}" for name, n in found.orphans.items()) or "-",
        "problems": len(found.problems) or "none",
    }
    emit(found.to_json(), as_json=as_json, show=facts(shown))
    if found.problems:
        raise StoreError("\n".join(f"{each.what} ({each.remedy})" for each in found.problems))
