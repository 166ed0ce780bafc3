"""What happens without what a recipe needs."""

from __future__ import annotations

import threading
from dataclasses import replace

from sftsec_core.operations.fitting import preloaded
from sftsec_core.recipes.specs import LINEAR


class TestPreloaded:
    def test_imports_while_the_body_runs(self) -> None:
        begun = threading.Event()
        with preloaded([LINEAR, replace(LINEAR, preload=begun.set)]):
            assert begun.wait(60)

    def test_missing_import_is_no_error_yet(self) -> None:
        asked = threading.Event()

        def missing() -> None:
            asked.set()
            raise ImportError("torch")

        with preloaded([replace(LINEAR, preload=missing)]):
            pass
        assert asked.is_set()
