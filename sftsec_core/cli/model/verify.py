"""`sftsec model verify`: are the files still those that were registered."""

from __future__ import annotations

from typing import Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("verify")
@click.argument("models", nargs=-1)
@json_option
@pass_app
def command(app: App, models: tuple[str, ...], as_json: bool) -> None:
    """Check every file of models against their digests, all models by default; exit 9 if not.

    \b
    Examples:
      sftsec model verify
      sftsec model verify phishing@live --json
    """
    from sftsec_core.api.errors import IntegrityError

    found: list[dict[str, Any]] = []
    with app.context() as context:
        registry = context.registry
        refs = [registry.resolve(name) for name in models] or list(registry.models())
        for ref in refs:
            try:
                registry.verify(ref)
                wrong = None
            except IntegrityError as error:
                wrong = str(error)
            found.append({"digest": ref.digest, "task": ref.task, "error": wrong})
    rows = [(row["digest"][:12], row["task"], row["error"] or "ok") for row in found]
    emit(found, as_json=as_json, show=table("models", ("model", "task", "state"), rows))
    broken = [row["digest"][:12] for row in found if row["error"]]
    if broken:
        raise IntegrityError(f"not as registered: {', '.join(broken)}; see the lines above")
