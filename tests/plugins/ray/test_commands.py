"""`sftsec ray score` before it needs a cluster; what it gives is tried in test_cluster.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sftsec_core.api import SftsecError, TrainingError
from sftsec_core.api.errors import UsageError
from sftsec_core.bench.kills_site import make_site
from sftsec_ray.commands import ray


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(ray, ["score", "triage", *arguments])


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of one line, in a site without a model, which is the working directory."""
    make_site(tmp_path / "site", "linear")
    monkeypatch.chdir(tmp_path / "site")
    Path("in.jsonl").write_text("a text\n")
    return "in.jsonl"


class TestScore:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--address", "ray://head:10001"], "--address: .*HOST:PORT of the head node"),
            (["--token", "s3cret"], "--token: .*a reference to a secret"),
        ],
    )
    def test_refuses_a_wrong_cluster(self, lines: str, options: list[str], message: str) -> None:
        error = asked(lines, "--output", "scores", *options).exception
        assert isinstance(error, UsageError)
        with pytest.raises(UsageError, match=message):
            raise error
        assert "s3cret" not in str(error)

    def test_refuses_files_of_other_kinds(self, lines: str) -> None:
        Path("in.csv").write_text("a,b\n")
        error = asked("in.csv", "--output", "scores").exception
        assert isinstance(error, UsageError)
        assert "in.csv: give files that end with .parquet, .jsonl" in str(error)

    def test_says_that_nothing_is_live(self, lines: str) -> None:
        error = asked(lines, "--output", "scores").exception
        assert isinstance(error, TrainingError)
        assert "triage" in str(error)
        assert "\n" not in str(error)

    def test_says_that_input_is_empty(self, lines: str) -> None:
        Path("empty.jsonl").touch()
        error = asked("empty.jsonl", "--output", "scores").exception
        assert isinstance(error, SftsecError)
        assert "nothing to score" in str(error)
