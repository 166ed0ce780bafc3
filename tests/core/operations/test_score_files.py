"""What a model gave is found again by a later run, and goes with its model."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Incident
from sftsec_core.operations.context import Context
from sftsec_core.operations.remove_unused import remove_unused
from sftsec_core.operations.score import score
from sftsec_core.operations.score_files import SCORES, known_scores
from sftsec_core.operations.unused import LEFTOVER, UnusedOrder
from sftsec_core.recipes.linear import LinearModel
from tests.core.operations.test_score import Site, make_site

NOW = UnusedOrder(timedelta(0), 0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows the model is asked for, each time; it counts as an expensive one."""
    rows: list[int] = []
    real = LinearModel.predict_proba

    def counted(self: LinearModel, batch: Any) -> Any:
        rows.append(len(batch))
        return real(self, batch)

    monkeypatch.setattr(LinearModel, "predict_proba", counted)
    monkeypatch.setattr("sftsec_core.operations.score_files._EXPENSIVE", 0)
    return rows


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def file_of(work: Context) -> Path:
    live = work.registry.live("mail")
    assert live is not None
    return work.folder / SCORES / live.digest


class TestRememberedScores:
    def test_later_run_asks_for_nothing(self, site: Site, asked: list[int]) -> None:
        with site.open() as work:
            first = score(work, "mail")
        assert sum(asked) > 0
        asked.clear()
        with site.open() as work:
            again = score(work, "mail", rescan=True)
            assert not asked
            content = file_of(work).read_bytes()
            live = work.registry.live("mail")
            assert live is not None
            assert len(known_scores(work, work.registry.load(live))) > 0
        assert (again.scored.scored, again.scored.alerts) == (
            first.scored.scored,
            first.scored.alerts,
        )
        records = [each for each in site.source.records if isinstance(each, Incident)]
        texts = [str(each.fields["message"]).encode() for each in records]
        assert not [text for text in texts if text in content]

    def test_changed_file_is_not_believed(self, site: Site, asked: list[int]) -> None:
        with site.open() as work:
            score(work, "mail")
            file = file_of(work)
        content = bytearray(file.read_bytes())
        content[-9] ^= 1  # a probability
        file.write_bytes(bytes(content))
        asked.clear()
        with site.open() as work:
            score(work, "mail", rescan=True)
        assert sum(asked) > 0
        assert file.read_bytes() != bytes(content)

    def test_cheap_model_leaves_no_file(
        self, site: Site, asked: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.undo()
        with site.open() as work:
            score(work, "mail")
            assert not file_of(work).parent.exists()
        assert not asked

    def test_gc_takes_files_without_a_model(self, site: Site, asked: list[int]) -> None:
        with site.open() as work:
            score(work, "mail")
            kept = file_of(work)
            other = kept.with_name("0" * 64)
            other.write_bytes(b"of a model that is gone")
            os.utime(other, (1, 1))
            items = remove_unused(work, NOW, remove=True).items
        assert [i.name for i in items if i.kind == LEFTOVER] == [f"{SCORES}/{other.name}"]
        assert kept.exists()
        assert not other.exists()
        assert asked
