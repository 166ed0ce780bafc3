"""Dev decides whether rows stay; without a dev none does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.dev_check import DevCheck, fit_teacher
from sftsec_core.testing import make_examples, make_task

TASK, SETTINGS = make_task(), TrainSettings()
ROWS, DEV = make_examples(40), make_examples(60, seed=1)
OTHER = {"benign": "malicious", "malicious": "benign"}
WRONG = [replace(each, label=OTHER[each.label]) for each in ROWS]


class TestDevCheck:
    def test_allows_what_costs_nothing(self) -> None:
        model = fit_teacher(ROWS, TASK, SETTINGS)
        check = DevCheck.of(model, model, DEV, TASK, 13)
        assert check.allows
        assert check.figures["effect"] == 0.0

    def test_refuses_what_costs_macro_f1(self) -> None:
        right, wrong = (fit_teacher(rows, TASK, SETTINGS) for rows in (ROWS, WRONG))
        check = DevCheck.of(right, wrong, DEV, TASK, 13)
        assert not check.allows
        assert check.figures["after"] < check.figures["before"]

    def test_refuses_where_no_dev_tells(self) -> None:
        model = fit_teacher(ROWS, TASK, SETTINGS)
        assert not DevCheck.of(model, model, (), TASK, 13).allows

    def test_bounds_what_a_figure_loses(self) -> None:
        y = np.array([0, 1] * 20)
        before = np.eye(2)[y] * 0.8 + 0.1
        after = before.copy()
        after[:2] = after[:2, ::-1]  # two more errors: more than one standard error, not three
        found = DevCheck.of_answers(before, after, y, TASK, 13)
        assert -3 < found.figures["effect"] < -1
        assert not found.allows
        assert DevCheck.of_answers(before, after, y, TASK, 13, max_loss=3.0).allows
