"""The labelled incidents that are most like others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.contracts import TrainedModel
from sftsec_core.api.domain import Batch, Example
from sftsec_core.recipes.blend import BlendModel
from sftsec_core.recipes.linear import LinearModel, train_linear
from sftsec_core.scoring.neighbours import LabelledExamples, NearestExamples
from tests.core.recipes.jobs import job_of, two_classes
from tests.core.scoring.parts import WordModel

EXAMPLES = (
    Example.of_text("E1", "curl evil host", "malicious"),
    Example.of_text("E2", "git commit", "benign"),
    Example.of_text("E3", "curl evil hosts again", "malicious"),
)
FIELDS = Batch.of_texts(()).fields


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> LinearModel:
    folder: Path = tmp_path_factory.mktemp("linear")
    return train_linear(job_of(two_classes(), folder))


class Unasked(WordModel):
    """Knows how alike rows are, and is not asked."""

    def embed(self, batch: Batch) -> Any:
        raise AssertionError(batch.text())


class TestNearestExamples:
    def test_most_alike_come_first(self, linear: LinearModel) -> None:
        reads: list[int] = []

        def read() -> LabelledExamples:
            reads.append(1)
            return LabelledExamples(EXAMPLES, {"E1": ("ana", "ben")})

        nearest = NearestExamples(linear, FIELDS, read)
        assert not reads, "they are read when they are asked for"
        found, other = nearest(Batch.of_texts(["curl evil host", "git commit now"]), 2)
        assert [each.uid for each in found] == ["E1", "E3"]
        assert found[0].similarity == pytest.approx(1.0, abs=1e-5)
        assert (found[0].analysts, found[1].analysts) == (("ana", "ben"), ())
        assert [each.uid for each in other][:1] == ["E2"]
        nearest(Batch.of_texts(["git"]), 1)
        assert len(reads) == 1

    def test_prepared_ones_take_no_turn_again(self, linear: LinearModel) -> None:
        held: list[str] = []

        @contextmanager
        def turn() -> Iterator[None]:
            held.append("in")
            yield
            held.append("out")

        many = [Example.of_text(f"E{n}", f"curl evil {n}", "malicious") for n in range(300)]
        nearest = NearestExamples(linear, FIELDS, lambda: LabelledExamples(many, {}), turn)
        nearest.prepare()
        assert held == ["in", "out"] * 2, "256 rows a turn"
        assert nearest(Batch.of_texts(["curl evil 299"]), 1)[0][0].uid == "E299"
        assert len(held) == 4

    def test_a_model_within_another_embeds(self, linear: LinearModel) -> None:
        blend = BlendModel(linear.labels, {"linear": linear})
        nearest = NearestExamples(blend, FIELDS, lambda: LabelledExamples(EXAMPLES, {}))
        assert nearest(Batch.of_texts(["git commit"]), 1)[0][0].uid == "E2"

    def test_last_member_that_embeds_is_asked(self, linear: LinearModel) -> None:
        members: dict[str, TrainedModel] = {
            **{"hybrid": Unasked(), "linear": linear, "bytes": WordModel(linear.labels)}
        }
        blend = BlendModel(linear.labels, members)
        nearest = NearestExamples(blend, FIELDS, lambda: LabelledExamples(EXAMPLES, {}))
        assert nearest(Batch.of_texts(["git commit"]), 1)[0][0].uid == "E2"

    def test_what_has_nothing_in_common_is_none(self, linear: LinearModel) -> None:
        nearest = NearestExamples(linear, FIELDS, lambda: LabelledExamples(EXAMPLES[1:2], {}))
        assert nearest(Batch.of_texts(["zzz"]), 3) == [()]

    def test_a_model_that_embeds_nothing_finds_none(self) -> None:
        nearest = NearestExamples(WordModel(), FIELDS, lambda: LabelledExamples(EXAMPLES, {}))
        assert nearest(Batch.of_texts(["a", "b"]), 3) == [(), ()]
