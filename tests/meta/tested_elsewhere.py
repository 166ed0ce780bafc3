"""Modules that are rightly tested through a neighbour: module, the file of its tests, why.

A file of tests has the path and the name of its module, see `mirrored` in `test_mirror`. Only a
module whose behaviour shows through another one stands here.
"""

from __future__ import annotations

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """Modules with one reason; all paths from the root of the repository."""

    modules: tuple[str, ...]
    tests: str
    why: str


CORE_ROWS: tuple[Elsewhere, ...] = ()

EDGE_ROWS: tuple[Elsewhere, ...] = ()

CONNECTOR_ROWS: tuple[Elsewhere, ...] = ()

TABLE = CORE_ROWS + EDGE_ROWS + CONNECTOR_ROWS

# Files of tests that follow no module of their own: they try a package as a whole, and how.
CORE_ACROSS: dict[str, str] = {}

EDGE_ACROSS: dict[str, str] = {}

CONNECTOR_ACROSS: dict[str, str] = {}

ACROSS = CORE_ACROSS | EDGE_ACROSS | CONNECTOR_ACROSS
