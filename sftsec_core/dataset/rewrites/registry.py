"""All rewritings by name, in the order in which they are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.addresses import swap_addresses
from sftsec_core.dataset.rewrites.case import change_case
from sftsec_core.dataset.rewrites.draw import KeyedDraw
from sftsec_core.dataset.rewrites.names import swap_hosts, swap_users
from sftsec_core.dataset.rewrites.options import reorder_options
from sftsec_core.dataset.rewrites.urls import encode_percent, reorder_parameters

if TYPE_CHECKING:
    from sftsec_core.dataset.augment import Rewriting

Rewrite = Callable[[Sequence[str], str, KeyedDraw], list[str]]
"""(texts of one incident, what else it holds, choices) to the texts; the same arguments, the same
texts. Twice is no more than once: what it leaves alone it leaves alone in its own result."""


def _each(rewrite: Callable[[str, KeyedDraw], str]) -> Rewrite:
    return lambda texts, _beside, draw: [rewrite(text, draw) for text in texts]


REWRITES: Mapping[Rewriting, Rewrite] = {
    "addresses": swap_addresses,
    "hosts": swap_hosts,
    "users": swap_users,
    "options": _each(reorder_options),
    "parameters": _each(reorder_parameters),
    "case": _each(change_case),
    "percent": _each(encode_percent),
}
