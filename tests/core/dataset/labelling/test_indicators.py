"""Addresses, networks, domains and hashes of a list are found in text; what is none is counted."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import psutil
import pytest

from sftsec_core.api.errors import ConfigError
from sftsec_core.api.settings.labelling import IndicatorFunction
from sftsec_core.dataset.labelling.indicators import (
    MOST_BYTES,
    IndicatorList,
    lists_of,
    read_indicators,
)

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
LINES = f"""# bad things
Evil.example      # a domain
203.0.113.7
198.51.100.0/25
2001:db8::/32
odd[.]example.
{SHA256.upper()}
com
not an indicator
"""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> IndicatorList:
    file = tmp_path_factory.mktemp("lists") / "bad.txt"
    file.write_text(LINES, encoding="utf-8")
    return read_indicators(file, ConfigError)


class TestFoundIn:
    @pytest.mark.parametrize(
        "text",
        [
            "https://login.EVIL.example:8443/a?b=c",
            "from bob@evil.example",
            "connect 203.0.113.7:443 now",
            "198.51.100.127",
            '["10.0.0.1","198.51.100.3"]',
            "[2001:db8::1]",
            "see odd[.]example.",
            f"sha256={SHA256}",
        ],
    )
    def test_finds_indicators_in_text(self, listed: IndicatorList, text: str) -> None:
        assert listed.found_in(text)

    @pytest.mark.parametrize(
        "text",
        ["", "notevil.example", "evil.example.org", "203.0.113.70", "198.51.100.128", SHA256[:40]],
    )
    def test_passes_over_everything_else(self, listed: IndicatorList, text: str) -> None:
        assert not listed.found_in(text)


class TestReadIndicators:
    def test_counts_lines_that_are_none(self, listed: IndicatorList) -> None:
        assert (len(listed.keys), listed.unreadable, listed.first_unreadable) == (6, 2, 8)
        assert listed.note("bad.txt").endswith("2 lines of bad.txt, the first in line 8")

    @pytest.mark.parametrize(
        ("content", "told"),
        [(None, "No such file"), ("# empty\n", "holds no IP address"), ("a b c\n", "holds no IP")],
    )
    def test_refuses_what_holds_none(self, tmp_path: Path, content: str | None, told: str) -> None:
        file = tmp_path / "list.txt"
        if content is not None:
            file.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=told):
            read_indicators(file, ConfigError)

    def test_refuses_a_file_without_bound(self, tmp_path: Path) -> None:
        file = tmp_path / "list.txt"
        with file.open("wb") as sparse:
            sparse.truncate(MOST_BYTES + 1)
        with pytest.raises(ConfigError, match="divide it into several lists"):
            read_indicators(file, ConfigError)

    def test_reads_a_million_lines(self, tmp_path: Path) -> None:
        """In 3 s of CPU time and 72 MB where it was measured; the bounds leave room."""
        file, draw = tmp_path / "list.txt", random.Random(1)  # noqa: S311 - test data
        lines = [f"h{draw.getrandbits(40):x}.evil{n % 977}.example" for n in range(1_000_000)]
        file.write_text("\n".join(lines), encoding="utf-8")
        before, began = psutil.Process(os.getpid()).memory_info().rss, time.process_time()
        listed = read_indicators(file, ConfigError)
        assert time.process_time() - began < 30
        assert psutil.Process(os.getpid()).memory_info().rss - before < 300e6
        assert listed.found_in(f"https://{lines[123_456]}/")


class TestListsOf:
    def test_changes_with_the_content(self, tmp_path: Path) -> None:
        file = tmp_path / "list.txt"
        functions = {"bad": IndicatorFunction(fields=("url",), file=file, label="malicious")}
        assert lists_of(functions) == {str(file): None}
        file.write_text("evil.example\n", encoding="utf-8")
        first = lists_of(functions)
        file.write_text("evil.example\nodd.example\n", encoding="utf-8")
        assert first != lists_of(functions) != {str(file): None}
