"""What all kinds of plugin thing share: a name, settings of their own, and what they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Generic

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypeVar

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.paths import BASE


class EmptyConfig(BaseModel):
    """The configuration of something that has none."""

    model_config = ConfigDict(extra="forbid")


ConfigT = TypeVar("ConfigT", bound=BaseModel, default=EmptyConfig)


def no_groups(_config: BaseModel) -> Sequence[str]:
    """The fields that groups are of, for what compares none; a name, as a spec can be pickled."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A module that must be importable before a spec can be used.

    Attributes:
        module: its importable name ("torch").
        install_hint: the command that installs it ("pip install 'sftsec[train]'").
    """

    module: str
    install_hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(Generic[ConfigT]):
    """One thing that a plugin registers, of whatever kind.

    A new kind is a subclass with its `hook`, and that hook in `hookspecs.py`; nothing else.

    Attributes:
        name: what the configuration calls it: lower-case letters, digits, dashes, underscores.
        summary: one line for `sftsec plugins check`.
        config_model: checks its settings; it forbids keys that it does not know.
        requires: what must be importable; checked before a pull.
        groups_by: (own settings) to the fields of a task's `evaluation.groups` that it reads, as
            `Example.facets` or `Predictions.facets`; checked before a pull.
        hook: the registration hook of this kind.
        kind: the kind in words, for messages.
        reserved: names of this kind that belong to the core.
    """

    name: str
    summary: str
    config_model: type[ConfigT] = field(default=EmptyConfig)  # type: ignore[assignment]
    requires: tuple[Requirement, ...] = ()
    groups_by: Callable[[ConfigT], Sequence[str]] = no_groups

    hook: ClassVar[str]
    kind: ClassVar[str]
    reserved: ClassVar[frozenset[str]] = frozenset()

    def configure(
        self, options: Mapping[str, Any], where: str = "", base: Path | None = None
    ) -> ConfigT:
        """Check settings against `config_model`.

        Args:
            options: as the configuration gives them.
            where: the place of the name in the configuration ("steps"), for the error.
            base: the folder of sftsec.yaml, from which each `ConfigPath` of it starts.

        Raises:
            ConfigError: when they are wrong.
        """
        try:
            return self.config_model.model_validate(options, context={BASE: base})
        except ValidationError as error:
            first = error.errors()[0]
            place = (*filter(None, (where,)), self.name, *first["loc"])
            path = ".".join(map(str, place))
            raise ConfigError(str(first["msg"]), path=path) from None  # its text quotes the input

    def missing(self) -> str | None:
        """What it needs and is not installed, with how to install it; None when all is there."""
        for requirement in self.requires:
            if find_spec(requirement.module) is None:
                return (
                    f"{self.kind} {self.name!r} needs {requirement.module}: "
                    f"{requirement.install_hint}"
                )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPreset(Spec[EmptyConfig]):
    """A ready-made task: `sftsec init --task NAME` writes it.

    Attributes:
        body: what `tasks.NAME` holds.
        text_comments: a field of `text` to the comment that stands above it in the file.
    """

    hook: ClassVar[str] = "sftsec_register_tasks"
    kind: ClassVar[str] = "task preset"

    body: Mapping[str, Any]
    text_comments: Mapping[str, str] = field(default_factory=dict)
