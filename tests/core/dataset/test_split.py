"""How examples are divided, and that no group is in two parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.api.domain import Example, Split
from sftsec_core.api.errors import DataError
from sftsec_core.dataset.groups import find_groups
from sftsec_core.dataset.split import choose_method
from tests.core.dataset.splits import DAY, example, many, split


def sizes(parts: Split) -> tuple[int, int, int]:
    return len(parts.train), len(parts.dev), len(parts.test)


def part_of(number: int) -> str:
    return "test" if number % 5 == 0 else "dev" if number % 5 == 1 else "train"


def given_examples(count: int = 100) -> list[Example]:
    return [example(n, ("ham", "spam")[n // 5 % 2], split=part_of(n)) for n in range(count)]


EXAMPLES = st.lists(
    st.tuples(
        st.sampled_from(["ham", "spam", "rare"]),
        st.integers(-1, 25),
        st.one_of(st.none(), st.integers(0, 12)),
        st.integers(0, 60),
        st.sampled_from(["train", "dev", "test", None]),
    ),
    min_size=12,
    max_size=80,
)


class TestStratified:
    def test_keeps_the_shares_of_every_label(self) -> None:
        examples = [example(n, "rare" if n % 20 == 0 else "common") for n in range(400)]
        parts = split(examples, "stratified")
        assert sizes(parts) == (280, 40, 80)
        assert [Counter(e.label for e in part)["rare"] for _, part in parts.parts()] == [14, 2, 4]

    def test_depends_on_seed_not_on_order(self) -> None:
        examples = many()
        first, again = split(examples, "stratified"), split(list(reversed(examples)), "stratified")
        assert {e.uid for e in first.test} == {e.uid for e in again.test}
        other = split(examples, "stratified", seed=14)
        assert {e.uid for e in first.test} != {e.uid for e in other.test}

    def test_trains_on_a_lone_example(self) -> None:
        examples = [*many(50), example(99, "once")]
        assert "once" in {e.label for e in split(examples, "stratified").train}


class TestByGroup:
    def test_keeps_every_group_together(self) -> None:
        examples = [example(n, groups=(f"host-{n % 17}",)) for n in range(300)]
        parts = split(examples)
        assert parts.method == "group"
        groups = [{e.groups for e in part} for _, part in parts.parts()]
        assert not groups[0] & groups[1]
        assert not groups[0] & groups[2]
        assert not groups[1] & groups[2]
        with pytest.raises(DataError, match="`group`"):
            split(many(), "group")


class TestByTime:
    def test_puts_the_latest_into_test(self) -> None:
        examples = [example(n, at=DAY + timedelta(hours=(n * 37) % 200)) for n in range(200)]
        parts = split(examples)
        assert parts.method == "time"
        assert sizes(parts) == (140, 20, 40)
        latest = max(e.at for e in parts.train if e.at)
        assert latest < min(e.at for e in parts.dev if e.at)
        assert max(e.at for e in parts.dev if e.at) < min(e.at for e in parts.test if e.at)
        with pytest.raises(DataError, match="no example has a time"):
            split(many(), "time")

    def test_puts_a_group_by_its_latest_member(self) -> None:
        examples = [example(n, at=DAY + timedelta(hours=n)) for n in range(100)]
        examples[0] = replace(examples[0], cluster=99)
        parts = split(examples)
        assert {"e0000", "e0099"} <= {e.uid for e in parts.test}

    def test_of_sorted_labels_names_the_remedy(self) -> None:
        sides = [("benign", "malicious")[n >= 80] for n in range(100)]
        examples = [example(n, side, at=DAY + timedelta(hours=n)) for n, side in enumerate(sides)]
        with pytest.raises(DataError, match=r"train has the label .* only: .*method: stratified"):
            split(examples)
        assert split(examples, "stratified").method == "stratified"

    def test_notes_a_test_of_one_label(self) -> None:
        sides = [("benign", "malicious")[n % 2 and n < 80] for n in range(100)]
        examples = [example(n, side, at=DAY + timedelta(hours=n)) for n, side in enumerate(sides)]
        parts = split(examples)
        assert "test has the label 'benign' only: the labels follow the time" in parts.notes[-1]

    def test_of_rare_labels_asks_for_verdicts(self) -> None:
        sides = [("benign", "malicious")[n in {5, 6}] for n in range(100)]
        examples = [example(n, side, at=DAY + timedelta(hours=n)) for n, side in enumerate(sides)]
        said = "test has the label 'benign' only: all parts have 2 examples of other labels; more"
        assert said in split(examples).notes[-1]
        copies = [replace(one, cluster=3 if one.label == "malicious" else -1) for one in examples]
        assert "2 examples in 1 group of like ones of other labels" in split(copies).notes[-1]

    def test_notes_a_label_that_occurs_late(self) -> None:
        examples = [
            example(n, "new" if n > 95 else "", at=DAY + timedelta(hours=n)) for n in range(100)
        ]
        assert "new" in split(examples).notes[0]


class TestGiven:
    def test_parts_stay_as_they_are(self) -> None:
        parts = split(given_examples())
        assert parts.method == "given"
        assert sizes(parts) == (60, 20, 20)
        assert not parts.notes

    def test_copy_in_an_earlier_part_is_dropped(self) -> None:
        examples = given_examples()
        examples[2] = replace(examples[2], cluster=0)  # train gives way to test
        examples[3] = replace(examples[3], cluster=1)  # train gives way to dev
        examples[6] = replace(examples[6], cluster=5)  # dev gives way to test
        parts = split(examples)
        uids = {e.uid for _, part in parts.parts() for e in part}
        assert {e.uid for e in examples} - uids == {"e0002", "e0003", "e0006"}
        assert parts.notes == (
            "1 rows dropped from dev: a copy stands in a later part",
            "2 rows dropped from train: a copy stands in a later part",
        )

    def test_missing_dev_is_taken_from_train(self) -> None:
        examples = [
            replace(e, split="train" if e.split == "dev" else e.split) for e in given_examples()
        ]
        parts = split(examples)
        assert sizes(parts) == (70, 10, 20)
        assert "no dev rows were given" in parts.notes[0]
        assert {e.label for e in parts.dev} == {"ham", "spam"}

    def test_unassigned_rows_go_to_train(self) -> None:
        parts = split([*given_examples(), example(500)])
        assert "e0500" in {e.uid for e in parts.train}
        assert parts.notes == ("1 rows that the source puts nowhere went to train",)

    def test_missing_test_rows_are_refused(self) -> None:
        with pytest.raises(DataError, match="nothing in test"):
            split(many(split="train"), "given")
        assert choose_method(many(split="train")) == "stratified"


class TestSplitExamples:
    def test_refuses_no_examples_and_one_label(self) -> None:
        with pytest.raises(DataError, match="no labelled examples"):
            split([])
        with pytest.raises(DataError, match="all 5 examples have the label 'spam'"):
            split(many(5, label="spam"))

    def test_refuses_too_few_for_three_parts(self) -> None:
        with pytest.raises(DataError, match=r"is left for \w+ of 3 examples in \d groups? of like"):
            split([example(0), example(1), example(2, cluster=1)], "stratified")

    @given(EXAMPLES, st.sampled_from(["given", "time", "group", "stratified"]), st.integers(0, 3))
    @settings(max_examples=150, deadline=None)
    def test_every_method_keeps_groups_together(
        self, drawn: list[tuple[str, int, int | None, int, str | None]], method: str, seed: int
    ) -> None:
        examples = [
            Example.of_text(
                f"e{n:03d}",
                str(n),
                label,
                cluster=cluster,
                # A given split is the source's word; the leak check reports groups in two parts.
                groups=() if group is None or method == "given" else (str(group),),
                at=DAY + timedelta(hours=hour),
                split=part,
            )
            for n, (label, cluster, group, hour, part) in enumerate(drawn)
        ]
        try:
            parts = split(examples, method, seed=seed)
        except DataError:
            return
        where: dict[int, set[str]] = {}
        unit_of = dict(zip((e.uid for e in examples), find_groups(examples).tolist(), strict=True))
        for name, part in parts.parts():
            for one in part:
                where.setdefault(unit_of[one.uid], set()).add(name)
        assert all(len(names) == 1 for names in where.values())
        placed = [e.uid for _, part in parts.parts() for e in part]
        assert len(placed) == len(set(placed))
        if method != "given":
            assert sorted(placed) == [e.uid for e in examples]
