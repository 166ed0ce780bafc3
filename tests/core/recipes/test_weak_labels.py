"""Sure labels are learned from with their probability as weight, unless dev is against them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.settings.labelling import WeakLabelSettings
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.dataset.labelling.functions import ABSTAIN
from sftsec_core.dataset.sums import WEAK_LABELS, check_sums
from sftsec_core.recipes.weak_labels import WeakLabels, choose_weak_labels
from sftsec_core.testing import make_examples, make_task

TASK = make_task()
TRAIN, DEV, HIDDEN = make_examples(16), make_examples(60, seed=1), make_examples(200, seed=2)
POOL = [replace(each, label="", weight=0.0) for each in HIDDEN]
TRUTH = np.array([TASK.labels.index(each.label) for each in HIDDEN])


def chosen(
    columns: np.ndarray, proba: float = 0.8, dev: list[Example] | None = None, **settings: float
) -> WeakLabels:
    """Labels for the pool: a third abstains, a tenth is less sure."""
    sure = np.full(len(POOL), proba)
    sure[::10] = 0.6
    columns = columns.copy()
    columns[::3] = ABSTAIN
    config = WeakLabelSettings.model_validate(settings)
    given = DEV if dev is None else dev
    return choose_weak_labels(config, (columns, sure), TRAIN, given, POOL, TASK, TrainSettings())


@pytest.fixture(scope="module")
def found() -> WeakLabels:
    return chosen(TRUTH)


class TestChooseWeakLabels:
    def test_weighs_them_by_their_probability(self, found: WeakLabels) -> None:
        assert len(found.added) > 100
        assert {(each.weight, each.judged) for each in found.added} == {(0.8, False)}
        assert [POOL[row].uid for row in found.rows] == [each.uid for each in found.added]

    def test_counts_every_row_once(self, found: WeakLabels) -> None:
        check_sums("the labels", found.counts, [WEAK_LABELS])
        assert found.counts["no_label"] == 67
        assert found.counts["unsure"] == 13
        assert found.labelled == dict(Counter(each.label for each in found.added))

    def test_adds_no_more_than_its_ratio(self) -> None:
        few = chosen(TRUTH, max_ratio=2)
        assert few.labelled == {"benign": 16, "malicious": 16}
        assert few.counts["beyond_ratio"] == 120 - 32

    def test_dev_leaves_out_wrong_ones(self) -> None:
        wrong = chosen(1 - TRUTH)
        assert wrong.counts["left_out_by_dev"] == 120
        assert not wrong.added
        assert wrong.dev["after"] < wrong.dev["before"]

    def test_nothing_is_added_without_dev(self) -> None:
        undecided = chosen(TRUTH, dev=[])
        assert (undecided.counts["added"], undecided.dev) == (0, {})

    def test_nothing_sure_adds_nothing(self) -> None:
        unsure = chosen(TRUTH, proba=0.65)
        assert unsure.counts["unsure"] == 133
        assert not unsure.added
