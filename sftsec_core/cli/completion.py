"""`sftsec completion SHELL`: the script that completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from sftsec_core.cli.terminal import echo


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      sftsec completion bash > /etc/bash_completion.d/sftsec
      sftsec completion zsh > "${fpath[1]}/_sftsec"
      sftsec completion fish > ~/.config/fish/completions/sftsec.fish
    """
    completion = get_completion_class(shell)
    if completion is None:  # pragma: no cover - click knows all three
        raise click.UsageError(f"click cannot complete for {shell}")
    root = ctx.find_root().command
    echo(completion(root, {}, "sftsec", "_SFTSEC_COMPLETE").source())
