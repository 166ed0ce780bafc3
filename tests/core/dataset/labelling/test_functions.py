"""Each kind of function votes where it should, and abstains elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from sftsec_core.api.domain import Incident
from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.labelling import FunctionSettings
from sftsec_core.dataset.labelling.functions import (
    ABSTAIN,
    FunctionsPlace,
    cast_votes,
    check_functions,
    load_functions,
    missing_requirement,
)

PLACE = FunctionsPlace(Path("sftsec.yaml"), "mail")
LABELS = ("benign", "malicious")
REGEX = {"kind": "regex", "fields": ["a", "b"], "pattern": r"(?i)\bprize\b", "label": "malicious"}
TOOL = {"kind": "verdict_of", "field": "tool", "labels": {"benign": ["Clean", "0"]}}


def settings(**functions: Any) -> Mapping[str, FunctionSettings]:
    return TypeAdapter(dict[str, FunctionSettings]).validate_python(functions)


def votes(fields: dict[str, Any], **functions: Any) -> list[int]:
    loaded = load_functions(settings(**functions), PLACE)
    found: list[int] = cast_votes(loaded, [Incident("i", fields)], LABELS)[0].tolist()
    return found


class TestCastVotes:
    @pytest.mark.parametrize(
        ("fields", "vote"),
        [
            ({"a": "Your PRIZE waits"}, 1),
            ({"a": "nothing", "b": ["a", "prize"]}, 1),
            ({"a": "prizes"}, ABSTAIN),
            ({"c": "prize"}, ABSTAIN),
            ({"a": "half a pair \ud800 and a prize"}, 1),
        ],
    )
    def test_pattern_is_found_in_fields(self, fields: dict[str, Any], vote: int) -> None:
        assert votes(fields, prize=REGEX) == [vote]

    @pytest.mark.parametrize(
        ("value", "vote"),
        [("CLEAN", 0), (0, 0), ("dirty", ABSTAIN), ("", ABSTAIN), (None, ABSTAIN), ("0" * 999, -1)],
    )
    def test_words_of_another_tool(self, value: object, vote: int) -> None:
        assert votes({"tool": value}, tool=TOOL) == [vote]

    def test_list_is_looked_up(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.txt"
        file.write_text("evil.example\n", encoding="utf-8")
        bad = {"kind": "indicators", "fields": ["url"], "file": file, "label": "malicious"}
        assert votes({"url": "http://evil.example/"}, bad=bad, prize=REGEX) == [1, ABSTAIN]

    def test_pattern_takes_linear_time(self) -> None:
        """Backtracking on this takes longer than the universe is old."""
        began = time.process_time()
        assert votes({"a": "a" * 50_000}, slow={**REGEX, "pattern": "(a+)+$b"}) == [ABSTAIN]
        assert time.process_time() - began < 5


class TestCheckFunctions:
    @pytest.mark.parametrize(
        ("function", "told"),
        [
            (
                {**REGEX, "pattern": "("},
                r"tasks.mail.labelling_functions.x.pattern: '\(' does not compile: missing \)",
            ),
            ({**REGEX, "pattern": "(?<=a)b"}, "RE2 has no look-around"),
            ({**REGEX, "pattern": "(a{1000}){1000}"}, "does not compile"),
            (
                {"kind": "indicators", "fields": ["a"], "file": "/none", "label": "benign"},
                "tasks.mail.labelling_functions.x.file: /none cannot be read",
            ),
        ],
    )
    def test_names_place_and_remedy(self, function: dict[str, Any], told: str) -> None:
        with pytest.raises(ConfigError, match=told):
            check_functions(settings(x=function), PLACE)

    def test_says_what_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nothing = "sftsec_core.dataset.labelling.functions.find_spec"
        monkeypatch.setattr(nothing, lambda _name: None)
        assert "sftsec[labels]" in (missing_requirement(settings(x=REGEX)) or "")
        assert missing_requirement(settings(x=TOOL)) is None
