"""Errors: where they happened, their exit codes, and what was perhaps meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.api import errors
from sftsec_core.api.errors import ConfigError, ConnectorError, NotFoundError, SftsecError, unknown
from sftsec_core.cli import EPILOG


def kinds(parent: type[SftsecError] = SftsecError) -> Iterator[type[SftsecError]]:
    """Every class of error of the module."""
    yield parent
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from kinds(child)


class TestExitCode:
    @pytest.mark.parametrize("kind", [*kinds()])
    def test_is_documented_in_the_help(self, kind: type[SftsecError]) -> None:
        documented = {int(code) for code in re.findall(r"(\d+) [a-z]", EPILOG)}
        assert kind.exit_code in documented

    def test_is_that_of_the_parent(self) -> None:
        """Except for the direct children: each of these is a kind of failure of its own."""
        own = [kind.exit_code for kind in SftsecError.__subclasses__() if kind.exit_code != 2]
        assert len(set(own)) == len(own)
        for parent in SftsecError.__subclasses__():
            assert {kind.exit_code for kind in kinds(parent)} == {parent.exit_code}


class TestMessage:
    def test_of_configuration_begins_with_its_place(self) -> None:
        error = ConfigError("is no number", file=Path("a.yaml"), path="tasks.mail.seed")
        assert str(error) == "a.yaml: tasks.mail.seed: is no number"
        assert str(ConfigError("is missing", file=Path("a.yaml"))) == "a.yaml: is missing"
        assert str(ConfigError("nothing is there")) == "nothing is there"

    def test_of_a_connector_begins_with_its_name(self) -> None:
        assert str(ConnectorError("is away", connector="siem")) == "connector 'siem': is away"
        assert str(ConnectorError("is away")) == "is away"


class TestUnknown:
    def test_suggests_the_nearest_and_lists_all(self) -> None:
        assert unknown("recipe", "lineer", ["lora", "linear"]) == (
            "unknown recipe 'lineer', did you mean 'linear'? (known: linear, lora)"
        )

    def test_suggests_nothing_far_away(self) -> None:
        assert unknown("recipe", "xyz", ["linear"]) == "unknown recipe 'xyz' (known: linear)"

    def test_says_that_none_are_known(self) -> None:
        assert str(NotFoundError("task", "mail", ())) == "unknown task 'mail' (none are known)"
