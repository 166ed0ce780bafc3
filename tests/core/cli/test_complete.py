"""Names that a shell completes, as it asks for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.cli.invoke import json_of
from tests.e2e.site import PLAIN, Site

TORCH_SHOWN = f"import sys, atexit; atexit.register(lambda: print('torch' in sys.modules)); {PLAIN}"


def completed(folder: Path, words: str, program: str = PLAIN) -> list[str]:
    """What bash would be offered for the last of some words, which may be empty."""
    given = words.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("SFTSEC_")},
            "_SFTSEC_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(given) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


class TestNames:
    def test_of_tasks_and_connectors_follow_the_configuration(self, site: Site) -> None:
        assert completed(site.folder, "sftsec retrain tr") == ["triage"]
        assert completed(site.folder, "sftsec report --task ") == ["triage"]
        assert completed(site.folder, "sftsec connector check ") == ["incidents"]
        named = f"sftsec -c {site.config} score t"
        assert completed(site.folder.parent, named) == ["triage"]

    def test_of_models_and_runs_follow_the_store(self, site: Site) -> None:
        model = json_of(site, "model", "show", "triage@live")["digest"][:12]
        offered = completed(site.folder, "sftsec model show ")
        assert set(offered) == {"triage@live", "triage@candidate", model}
        run = json_of(site, "run", "list")[0]["run"]
        assert completed(site.folder, "sftsec run diff " + run + " 2") == [run]
        assert completed(site.folder, "sftsec report ") == ["triage", run]

    @pytest.mark.parametrize("text", [None, "tasks: [", "tasks: 3\nstate: 4\n", "\x00"])
    def test_are_none_without_a_configuration(self, tmp_path: Path, text: str | None) -> None:
        if text is not None:
            (tmp_path / "sftsec.yaml").write_text(text, encoding="utf-8")
        for words in ("sftsec retrain ", "sftsec run show ", "sftsec model show "):
            assert completed(tmp_path, words) == []
        assert not (tmp_path / ".sftsec").exists()

    def test_come_without_torch_and_plugins(self, site: Site) -> None:
        shown = TORCH_SHOWN.replace("'torch'", "'sqlalchemy'")
        assert completed(site.folder, "sftsec run show x", shown) == ["False"]
        assert completed(site.folder, "sftsec retrain x", TORCH_SHOWN) == ["False"]
