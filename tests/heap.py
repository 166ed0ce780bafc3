"""Keeps the garbage collector off what a test process holds for good.

A training collects garbage (accelerate does), and so do some commands. In a user's process that
walks through one command's objects; in a test process through the tests of the whole suite and
every library that a test before has imported: three quarters of the time of a small training.
"""

from __future__ import annotations

import gc
import sys

NEW_MODULES = 100  # so many more than at the last time make it worth to freeze again
_frozen = {"modules": 0}


def freeze_imported() -> None:
    """Have the collector pass over all that is there now, where much was imported since."""
    if len(sys.modules) - _frozen["modules"] > NEW_MODULES:
        gc.collect()
        gc.freeze()
        _frozen["modules"] = len(sys.modules)
