"""Names that a shell completes, as it asks for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from sftsec_core.cli import cli
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
        for words in ("sftsec retrain ", "sftsec run show ", "sftsec labels list --value "):
            assert completed(tmp_path, words) == []
        assert not (tmp_path / ".sftsec").exists()

    def test_come_without_torch_and_plugins(self, site: Site) -> None:
        shown = TORCH_SHOWN.replace("'torch'", "'sqlalchemy'")
        assert completed(site.folder, "sftsec run show x", shown) == ["False"]
        assert completed(site.folder, "sftsec retrain x", TORCH_SHOWN) == ["False"]


class TestOffered:
    """As above, asked in this process."""

    @pytest.fixture
    def offered(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
        def ask(words: str, folder: Path = site.folder) -> list[str]:
            monkeypatch.chdir(folder)
            *given, begun = words.split(" ")
            completion = BashComplete(cli, {}, "sftsec", "_SFTSEC_COMPLETE")
            found = completion.get_completions(given, begun)
            return [each.value if each.type == "plain" else each.type for each in found]

        return ask

    def test_snapshots_follow_the_task(self, site: Site, offered: Callable[..., list[str]]) -> None:
        digest = json_of(site, "dataset", "show", "triage")[0]["digest"]
        assert offered("dataset show triage ") == [digest[:12]]
        assert offered("dataset show other ") == []

    def test_actions_follow_the_log(self, offered: Callable[..., list[str]]) -> None:
        assert "model.registered" in offered("audit tail --action model.")

    def test_verdicts_follow_the_labels(self, offered: Callable[..., list[str]]) -> None:
        found = offered("labels add incidents --verdict ")
        assert {"benign", "true_positive"} <= set(found)

    def test_recipes_follow_the_plugins(
        self, offered: Callable[..., list[str]], tmp_path: Path
    ) -> None:
        assert offered("bench quality -r li") == ["linear"]
        assert offered("bench redaction --step re") == ["redact"]
        (tmp_path / "sftsec.yaml").write_text("plugins: [pii]\n", encoding="utf-8")
        assert offered("bench quality -r li", tmp_path) == []

    def test_templates_need_no_configuration(
        self, offered: Callable[..., list[str]], tmp_path: Path
    ) -> None:
        assert offered("init --connector op", tmp_path) == ["opensearch"]
        assert offered("init --task phishing-", tmp_path) == ["phishing-mail"]

    def test_sources_are_connectors_or_paths(self, offered: Callable[..., list[str]]) -> None:
        assert offered("init --from conn") == ["connector:incidents"]
        assert offered("init --from al") == ["file"]
