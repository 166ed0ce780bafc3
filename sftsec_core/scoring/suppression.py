"""The suppressors that a task names, as one function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import SuppressorSpec
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sftsec_core.api.domain import Detection, Suppression
    from sftsec_core.plugins import Plugins


def suppressor(
    named: Mapping[str, Mapping[str, Any]], plugins: Plugins
) -> Callable[[Detection], Suppression | None]:
    """Join suppressors: the first one that has a reason gives it.

    Args:
        named: the task's `suppress:`, names with settings, in the order in which they are asked.
        plugins: where they are registered.

    Raises:
        NotFoundError: when no enabled plugin registers one.
        ConfigError: when its settings are wrong.
    """
    chain = []
    for name, options in named.items():
        spec = get("suppressor", name, plugins.specs(SuppressorSpec))
        chain.append((spec.suppress, spec.configure(options, base=plugins.base)))

    def suppress(detection: Detection) -> Suppression | None:
        found = (ask(config, detection) for ask, config in chain)
        return next((reason for reason in found if reason is not None), None)

    return suppress
