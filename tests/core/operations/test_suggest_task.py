"""A task for a connector that is configured, chosen from what it brings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import ConfigError, DataError, NotFoundError
from sftsec_core.config.suggest.suggestion import Wanted
from sftsec_core.operations import suggest_task as module
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.suggest_config import SuggestedConfig
from sftsec_core.operations.suggest_task import VERDICTS, suggest_task
from tests.servers.splunkd.server import start_splunkd

CONFIG = """# ours
connectors:
  siem: {type: files, paths: [in.jsonl], label: closed.as, timestamp: at}
"""


def site(folder: Path, config: str = CONFIG, words: str = "TP FP") -> Path:
    rows = [
        {
            "at": f"2026-01-{1 + i % 28:02}T08:00:00Z",
            "closed": {"as": words.split()[i % len(words.split())] if i % 3 else None},
            "message": f"the host {i} asked for page {i} of the site",
        }
        for i in range(120)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "in.jsonl").write_text(lines, encoding="utf-8")
    (folder / "sftsec.yaml").write_text(config, encoding="utf-8")
    return folder / "sftsec.yaml"


def suggested(file: Path, connector: str = "siem", **options: Any) -> SuggestedConfig:
    with Context.open(file, actor=local_admin("test")) as context:
        return suggest_task(context, connector, **options)


class TestTask:
    def test_is_added_and_can_be_used(self, tmp_path: Path) -> None:
        file = site(tmp_path)
        done = suggested(file, name="web", recipe="linear")
        assert (done.task, done.complete, done.lacking) == ("web", True, ())
        assert done.suggestion.fields["label"] == VERDICTS
        assert done.suggestion.split is None
        assert not {"id", "time"} & {pick.what for pick in done.suggestion.picks}
        assert file.read_text("utf-8").startswith(CONFIG)
        with Context.open(file, actor=local_admin("test")) as context:
            task = context.task("web")
            assert task.labels == {"benign": ("FP",), "malicious": ("TP",)}
            assert (task.text, task.train.recipe.name) == (("message",), "linear")
            built = build_dataset(context, "web")
        assert sum(built.data["parts"].values()) == 80

    def test_is_not_replaced(self, tmp_path: Path) -> None:
        file = site(tmp_path)
        suggested(file)
        before = file.read_text("utf-8")
        with pytest.raises(ConfigError, match="'siem' is there already; --name"):
            suggested(file)
        assert file.read_text("utf-8") == before

    def test_order_counts_when_all_is_seen(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = site(tmp_path, words="FP " * 70 + "TP " * 50)
        lines = (tmp_path / "in.jsonl").read_text("utf-8").splitlines()
        rows = [{**json.loads(line), "at": f"2026-01-05T{i // 60:02}:{i % 60:02}:00Z"}
                for i, line in enumerate(lines)]  # fmt: skip
        (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        assert suggested(file).suggestion.split == "stratified"
        assert "split: {method: stratified}" in file.read_text("utf-8")
        monkeypatch.setattr(module, "_MOST", 60)
        assert suggested(file, name="first").suggestion.split is None


class TestSiem:
    def test_gives_a_task_for_its_verdicts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with start_splunkd(es=7) as splunk:
            monkeypatch.setenv("SPLUNK_PASSWORD", splunk.password)
            for i in range(24):
                fields = {
                    "search_name": "mail",
                    "dest": f"host-{i % 3}",
                    "text": f"pay invoice {i} to the new account {i}",
                }
                name = splunk.add_notable(fields, at=splunk.now() - 9000 + i)
                if i % 4:
                    word = f"disposition:{1 if i % 2 else 3}"
                    splunk.review(name, user="kim", status="5", disposition=word, comment="seen")
            file = tmp_path / "sftsec.yaml"
            file.write_text(
                "plugins: [core, splunk, pii]\nconnectors:\n  es:\n    type: splunk\n"
                f"    url: {splunk.url}\n    username: {splunk.username}\n    settle: 0s\n"
                f"    password: env:SPLUNK_PASSWORD\n    ca_file: {splunk.ca_file}\n"
                "    sources: [{kind: notables}]\n",
                encoding="utf-8",
            )
            done = suggested(file, "es")
        assert done.complete
        with Context.open(file, actor=local_admin("test")) as context:
            task = context.task("es")
        assert task.text == ("text",)
        assert task.labels == {"benign": ("false_positive",), "malicious": ("true_positive",)}
        assert task.keep == ("dest",)


class TestLacking:
    def test_verdicts_are_sought_among_the_fields(self, tmp_path: Path) -> None:
        file = site(tmp_path, CONFIG.replace("label: closed.as", "id: id"))
        rows = (
            (tmp_path / "in.jsonl")
            .read_text("utf-8")
            .replace('"closed": {"as":', '"verdict": {"w":')
        )
        (tmp_path / "in.jsonl").write_text(rows, encoding="utf-8")
        before = file.read_text("utf-8")
        done = suggested(file)
        assert not done.complete
        (line,) = done.lacking
        assert "name it in connectors.siem (`label: verdict.w`)" in line
        assert file.read_text("utf-8") == before

    def test_of_one_verdict_leaves_the_file(self, tmp_path: Path) -> None:
        file = site(tmp_path, words="TP")
        assert "every verdict is 'TP'" in suggested(file).lacking[0]
        assert file.read_text("utf-8") == CONFIG

    def test_words_may_be_given(self, tmp_path: Path) -> None:
        file = site(tmp_path, words="w x y")
        wanted = Wanted(benign=("x",), malicious=("y",), text=("message",))
        assert suggested(file, wanted=wanted).complete
        assert "benign: [x]" in file.read_text("utf-8")

    def test_names_what_is_not_there(self, tmp_path: Path) -> None:
        file = site(tmp_path)
        with pytest.raises(NotFoundError, match="nope"):
            suggested(file, "nope")
        (tmp_path / "in.jsonl").write_text("", encoding="utf-8")
        with pytest.raises(DataError, match="brings no incident: `sftsec connector check siem`"):
            suggested(file)
