"""A click group whose commands are imported when they are needed, not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows its commands by where they are: `{"score": "sftsec_core.cli.score"}`.

    The module holds the command under the name `command`. A plugin's commands come through
    `extend`, called once, before the first look-up.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click.Group's own
        lazy: Mapping[str, str] | None = None,
        extend: Callable[[click.Group], None] | None = None,
        **kwargs: Any,  # noqa: ANN401 - click.Group's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy or {})
        self._extend = extend

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        self._extend_once()
        return sorted({*self._lazy, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now if it was not."""
        if cmd_name not in self._lazy:
            self._extend_once()
            return self.commands.get(cmd_name)
        command: click.Command = import_module(self._lazy[cmd_name]).command
        return command

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; one whose name is taken is refused.

        Raises:
            PluginError: when the name is taken.
        """
        taken = name or cmd.name or ""
        if taken in self._lazy or taken in self.commands:
            from sftsec_core.api.errors import PluginError

            raise PluginError(f"the command {taken!r} exists already; a plugin must name its own")
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the nearest name when there is none."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from sftsec_core.api.errors import unknown

            raise click.UsageError(
                unknown("command", args[0], self.list_commands(ctx)), ctx
            ) from error

    def _extend_once(self) -> None:
        if self._extend is not None:
            extend, self._extend = self._extend, None
            extend(self)
