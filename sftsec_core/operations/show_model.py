"""Show a model's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import ModelRef, Permission, Registration
from sftsec_core.operations.authorize import authorize, authorize_some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class ShownModel:
    """A model with its card.

    Attributes:
        ref: the model.
        card: of the last run that made it.
        runs: all runs that made it, oldest first.
    """

    ref: ModelRef
    card: Mapping[str, Any]
    runs: Sequence[Registration]


def show_model(context: Context, model: str, *, task: str | None = None) -> ShownModel:
    """Find a model, verify its files and read its card.

    Args:
        context: settings, store, registry, actor and event stream.
        model: task@alias, an alias, a digest or the beginning of one.
        task: look only among this task's models.

    Raises:
        NotFoundError: when there is no such model.
        IntegrityError: when its files are not those that were registered.
    """
    authorize_some(context.actor, Permission.READ, task)
    ref = context.registry.resolve(model, task)
    authorize(context.actor, Permission.READ, ref.task)
    registry = context.registry
    return ShownModel(ref, registry.card(ref), registry.runs(ref))
