"""Synthetic incidents, examples and reports, as authors of plugins rely on them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from sftsec_core.testing import (
    make_detections,
    make_examples,
    make_incidents,
    make_label_requests,
    make_report,
    make_task,
)


class TestIncidents:
    def test_are_the_same_for_a_seed(self) -> None:
        assert make_incidents(50, seed=3) == make_incidents(50, seed=3)
        other = make_incidents(50, seed=4)
        assert [each.uid for each in make_incidents(50, seed=3)] == [each.uid for each in other]
        assert make_incidents(50, seed=3) != other

    def test_follow_each_other_by_a_minute(self) -> None:
        times = [each.at for each in make_incidents(5)]
        gaps = {after - before for before, after in pairwise(times) if before and after}
        assert gaps == {timedelta(minutes=1)}

    def test_repeat_every_fifth_text(self) -> None:
        made = make_incidents(20, field="body")
        texts = [each.fields["body"] for each in made]
        assert all(texts[number] == texts[number - 1] for number in range(4, 20, 5))
        assert len({each.uid for each in made}) == 20

    @pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
    def test_have_verdicts_as_often_as_asked(self, fraction: float) -> None:
        judged = sum(bool(each.verdicts) for each in make_incidents(400, labelled=fraction))
        assert judged == pytest.approx(400 * fraction, abs=40)

    def test_of_one_text_have_one_verdict(self) -> None:
        made = make_incidents(400, labelled=1.0)
        values = {(each.fields["message"], each.verdicts[0].value) for each in made}
        assert len(values) == len({text for text, _ in values})


class TestExamples:
    def test_take_the_labels_in_turn(self) -> None:
        made = make_examples(9, labels=("x", "y", "z"))
        assert [each.label for each in made] == ["x", "y", "z"] * 3
        assert Counter(each.label for each in make_examples(4)) == {"benign": 2, "malicious": 2}

    def test_are_others_for_another_seed(self) -> None:
        one, other = make_examples(9), make_examples(9, seed=1)
        assert {each.uid for each in one} & {each.uid for each in other} == set()
        assert make_examples(9) == one


class TestOthers:
    def test_report_is_worse_by_a_tenth(self) -> None:
        report = make_report(macro_f1=0.7)
        assert report.candidate.metrics["macro_f1"].value == 0.7
        assert report.others["linear"].metrics["macro_f1"].value == pytest.approx(0.6)
        assert report.leaks.clean

    def test_detections_are_of_the_first_incidents(self) -> None:
        found = make_detections(3)
        assert [each.incident_uid for each in found] == [each.uid for each in make_incidents(3)]
        assert len({each.uid for each in (*found, *make_detections(3, model_digest="1"))}) == 6

    def test_requests_and_task_name_what_was_given(self) -> None:
        assert [each.incident_uid for each in make_label_requests(["a", "b"])] == ["a", "b"]
        task = make_task(("ham", "spam"), field="body")
        assert (task.benign, task.text_fields) == ("ham", ("body",))
