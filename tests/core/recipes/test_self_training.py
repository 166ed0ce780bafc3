"""What a model of few labelled rows is sure of is learned from, unless dev is against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sftsec_core.api.domain import Example
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.api.settings.unlabelled import SelfTrainingSettings
from sftsec_core.dataset.sums import SELF_TRAINING, check_sums
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.self_training import SelfTraining, self_train
from sftsec_core.testing import make_example, make_examples, make_task

# Of 18 rows six are malicious: a third.
TRAIN = [e for n, e in enumerate(make_examples(24)) if e.label == "benign" or n % 4 == 1]
DEV = make_examples(60, seed=1)
HIDDEN = make_examples(200, seed=2)
POOL = [replace(each, label="", weight=0.0) for each in HIDDEN]


def trained(
    pool: Sequence[Example] = POOL,
    dev: Sequence[Example] = DEV,
    train: Sequence[Example] = TRAIN,
    training: TrainSettings | None = None,
    **settings: float | str,
) -> SelfTraining:
    config = SelfTrainingSettings.model_validate({"teacher": "linear", **settings})
    return self_train(config, train, dev, pool, make_task(), training or TrainSettings())


def repeated(count: int, name: str, **texts: str) -> list[Example]:
    """Rows of each label that differ in a number only."""
    return [
        make_example(f"{name}{label}{n}", f"{text} {n}", label)
        for n in range(count)
        for label, text in texts.items()
    ]


@pytest.fixture(scope="module")
def found() -> SelfTraining:
    return trained()


class TestSelfTraining:
    def test_labels_what_it_is_sure_of(self, found: SelfTraining) -> None:
        truth = {each.uid: each.label for each in HIDDEN}
        assert len(found.added) > 60
        right = sum(truth[each.uid] == each.label for each in found.added)
        assert right / len(found.added) > 0.95

    def test_trusts_its_labels_less(self, found: SelfTraining) -> None:
        assert {(each.weight, each.judged) for each in found.added} == {(0.5, False)}

    def test_keeps_the_proportions_of_train(self, found: SelfTraining) -> None:
        train, added = (Counter(e.label for e in rows) for rows in (TRAIN, found.added))
        assert train == {"benign": 12, "malicious": 6}
        assert abs(added["benign"] - 2 * added["malicious"]) <= 1
        assert found.labelled == dict(added)

    def test_counts_every_row_once(self, found: SelfTraining) -> None:
        check_sums("self-training", found.counts, [SELF_TRAINING])
        assert found.counts["added"] == len(found.added)
        assert found.counts["unlabelled"] == len(POOL)

    def test_copies_of_labelled_rows_count_for_none(self) -> None:
        copies = [replace(each, uid=f"{each.uid}~1", judged=False) for each in TRAIN]
        assert len(trained(train=[*TRAIN, *copies], max_ratio=2).added) == 36

    def test_adds_no_more_than_its_ratio(self) -> None:
        assert Counter(e.label for e in trained(max_ratio=2).added) == {
            "benign": 24,
            "malicious": 12,
        }

    def test_adds_less_where_more_certainty_is_asked(self, found: SelfTraining) -> None:
        sure = trained(min_confidence=0.9)
        assert sure.counts["unsure"] > found.counts["unsure"]

    def test_learns_from_its_own_labels_again(self, found: SelfTraining) -> None:
        assert trained(rounds=2).counts["unsure"] < found.counts["unsure"]

    def test_train_decides_without_a_dev(self, found: SelfTraining) -> None:
        without = trained(dev=())
        assert without.added == found.added
        assert without.dev["after"] > 0.9
        assert without.dev != found.dev
        check_sums("self-training", without.counts, [SELF_TRAINING])

    def test_train_decides_beside_a_small_dev(self) -> None:
        """All rows of train are answered right, and all of a dev whose labels are wrong are not."""
        other = {"benign": "malicious", "malicious": "benign"}
        wrong = [replace(each, label=other[each.label]) for each in DEV[:20]]
        found = trained(dev=wrong)
        assert found.added
        assert 0.3 < found.dev["after"] < 0.7

    def test_adds_nothing_where_nothing_decides(self) -> None:
        one = [e for e in TRAIN if e.label == "benign"]
        one += [e for e in TRAIN if e.label == "malicious"][:1]
        found = trained(dev=(), train=one, min_confidence=0.5)
        assert (found.added, found.dev) == ((), {})
        assert found.counts["left_out_by_dev"] > 0

    def test_an_encoder_labels_too(self, tiny: EncoderSettings) -> None:
        named = {"name": "auto", "encoder": tiny.model_dump(exclude_defaults=True)}
        training = TrainSettings.model_validate({"recipe": named})
        found = trained(training=training, teacher="both")
        assert found.added
        assert found.counts["unsure"] != trained().counts["unsure"]

    def test_an_encoder_reads_a_part(
        self, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.recipes.self_training.ENCODED_ROWS", 30)
        named = {"name": "auto", "encoder": tiny.model_dump(exclude_defaults=True)}
        training = TrainSettings.model_validate({"recipe": named})
        found = trained(training=training, teacher="both")
        assert found.counts["not_read"] == len(POOL) - 30
        check_sums("self-training", found.counts, [SELF_TRAINING])

    def test_adds_nothing_that_dev_is_against(self) -> None:
        """It takes "zeta" for a sign of attacks, which on dev it is not."""
        train = repeated(3, "t", benign="invoice lunch", malicious="password verify")
        zeta = " zeta" * 6
        pool = repeated(60, "p", benign="lunch today", malicious=f"password verify {zeta}")
        pool = [replace(each, label="", weight=0.0) for each in pool]
        dev = repeated(20, "d", benign=f"invoice {zeta}", malicious="password verify")
        found = trained(pool, dev, train)
        assert found.added == ()
        assert found.counts["left_out_by_dev"] > 0
        assert found.dev["after"] < found.dev["before"]

    def test_of_an_empty_pool_adds_nothing(self) -> None:
        assert set(trained([]).counts.values()) == {0}
