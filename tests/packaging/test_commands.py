"""The check of command lines finds what is wrong."""

from __future__ import annotations

import pytest

from tests.packaging.commands import refusal


class TestRefusal:
    @pytest.mark.parametrize(
        "line", ["serve --host 0.0.0.0", "-c /x.yaml score triage", "model list --json"]
    )
    def test_is_none_for_a_right_line(self, line: str) -> None:
        assert refusal(line.split()) is None

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("sevre", "did you mean 'serve'"),
            ("serve --prot 1", "No such option"),
            ("retrain", "Missing argument"),
            ("model lst", "did you mean 'list'"),
            ("--confg x serve", "No such option"),
        ],
    )
    def test_names_what_is_wrong(self, line: str, told: str) -> None:
        assert told in str(refusal(line.split()))
