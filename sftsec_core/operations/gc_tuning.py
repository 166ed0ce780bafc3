"""How often Python looks for garbage that only refers to itself."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 10_000


def raise_gc_thresholds() -> None:
    """Set the thresholds for a process that works through pages of records.

    A page is some ten thousand small objects that all live until it is done with. By Python's own
    threshold of 700 the collector goes through them over and over, takes them for long-lived
    ones, and goes through everything else as well: a fifth of the client's work in a pull.
    """
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
