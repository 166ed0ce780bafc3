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

    def test_of_snapshots_follow_the_task(self, site: Site) -> None:
        digest = json_of(site, "dataset", "show", "triage")[0]["digest"]
        assert completed(site.folder, "sftsec dataset show triage ") == [digest[:12]]
        assert completed(site.folder, "sftsec dataset show other ") == []

    def test_of_actions_follow_the_log(self, site: Site) -> None:
        offered = completed(site.folder, "sftsec audit tail --action model.")
        assert "model.registered" in offered

    def test_of_verdicts_follow_the_labels(self, site: Site) -> None:
        offered = completed(site.folder, "sftsec labels add incidents --verdict ")
        assert {"benign", "true_positive"} <= set(offered)

    def test_of_recipes_follow_the_plugins(self, site: Site, tmp_path: Path) -> None:
        assert completed(site.folder, "sftsec bench quality -r li") == ["linear"]
        assert completed(site.folder, "sftsec bench redaction --step re") == ["redact"]
        (tmp_path / "sftsec.yaml").write_text("plugins: [pii]\n", encoding="utf-8")
        assert completed(tmp_path, "sftsec bench quality -r li") == []

    def test_of_templates_need_no_configuration(self, tmp_path: Path) -> None:
        assert completed(tmp_path, "sftsec init --connector op") == ["opensearch"]
        assert completed(tmp_path, "sftsec init --task phishing-") == ["phishing-mail"]

    def test_of_sources_are_connectors_or_paths(self, site: Site) -> None:
        assert completed(site.folder, "sftsec init --from conn") == ["connector:incidents"]
        assert completed(site.folder, "sftsec init --from al") == ["file,al"]

    @pytest.mark.parametrize("text", [None, "tasks: [", "tasks: 3\nstate: 4\n", "\x00"])
    def test_are_none_without_a_configuration(self, tmp_path: Path, text: str | None) -> None:
        if text is not None:
            (tmp_path / "sftsec.yaml").write_text(text, encoding="utf-8")
        for words in ("sftsec retrain ", "sftsec run show ", "sftsec labels list --value "):
            assert completed(tmp_path, words) == []
        assert not (tmp_path / ".sftsec").exists()

    def test_come_without_torch_and_plugins(self, site: Site) -> None:
        shown = TORCH_SHOWN.replace("'torch'", "'sqlalchemy'")
        assert completed(site.folder, "sftsec run show x", shown) == ["False"]
        assert completed(site.folder, "sftsec retrain x", TORCH_SHOWN) == ["False"]
