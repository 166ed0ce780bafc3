"""All commands at once, on one task and on two: nothing of one run is given to another."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.site import Site

TASKS = ("triage", "second")
TEXT = ("email.subject", "message", "url.full", "process.command_line")
DONE, ACTIVE, REJECTED = 0, 10, 8
# Each stands beside each of the others, of its own task and of the other one.
ON_A_TASK = (("dataset", "build"), ("retrain", "--force"), ("score",), ("labels", "review"))
GC = ("gc", "--yes", "--older-than", "0s", "--keep", "0")
ON_ALL = (("labels", "stats"), ("model", "verify"), ("quarantine", "list"), GC, GC)


def marked(row: dict[str, Any], above: str = "") -> dict[str, Any]:
    """A record whose texts say that they are of the other connector; nested names too."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        path = f"{above}{name}"
        found[name] = marked(value, f"{path}.") if isinstance(value, dict) else value
        if path in TEXT:
            found[name] = f"other: {value}"
    return found


def two_tasks(folder: Path) -> Site:
    """Two tasks of the same fields and steps, on two connectors with texts of their own."""
    site = Site.make(folder, rows=300, open_rows=80)
    shutil.copytree(site.folder / "incidents", site.folder / "others")
    for file in (site.folder / "others").iterdir():
        rows = (marked(json.loads(line)) for line in file.read_text("utf-8").splitlines())
        lines = [f"{json.dumps(row)}\n" for row in rows]
        file.write_text("".join(lines), encoding="utf-8")
    settings = yaml.safe_load(site.config.read_text(encoding="utf-8"))
    connectors, tasks = settings["connectors"], settings["tasks"]
    connectors["others"] = connectors["incidents"] | {"paths": ["others"], "output": "second.jsonl"}
    tasks["second"] = tasks["triage"] | {"connector": "others"}
    token = site.folder / "token"
    token.touch(0o600)
    token.write_text("a-token-for-the-search-command", encoding="ascii")
    settings["serve"] = {"port": 0, "tokens": {"siem": f"file:{token}"}}
    site.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Both tasks have a live model."""
    made = two_tasks(tmp_path_factory.mktemp("at-once") / "site")
    for task in TASKS:
        made.run("retrain", task)
    return made


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=200)
    return process.returncode, errors


def texts_of(site: Site, task: str) -> set[bool]:
    """Whether the texts of a task's newest snapshot are those of the second task."""
    with site.store() as store:
        found = store.snapshots.latest(task)
        assert found is not None
    snapshot = site.snapshot(found.folder)
    rows = (row for batch in snapshot.batches() for row in batch.to_pylist())
    texts = (row[f"field.{name}"] for row in rows for name in TEXT)
    return {text.startswith("other: ") for text in texts if text}


class TestAllAtOnce:
    def test_end_well_or_name_the_other_run(self, site: Site) -> None:
        alone = {task: site.json("dataset", "build", task)["snapshot"] for task in TASKS}
        server = site.start("serve")
        commands = [(*verb, task) for verb in ON_A_TASK for task in TASKS] + list(ON_ALL)
        twice = [command for command in commands if command[0] in ("dataset", "score")]
        running = [(command, site.start(*command)) for command in (*commands, *twice)]
        ended: dict[tuple[str, ...], Counter[int]] = {}
        for command, process in running:
            code, errors = ends(process)
            assert code in (DONE, ACTIVE, REJECTED), f"{command}: {code}\n{errors}"
            assert "Traceback" not in errors
            assert code != ACTIVE or "is running already" in errors, errors
            ended.setdefault(command, Counter())[code] += 1
        server.send_signal(signal.SIGTERM)
        code, errors = ends(server)
        assert code == 0, errors
        for command, codes in ended.items():
            assert codes[ACTIVE] < 2, f"{command}: neither of two did anything"
        for task in TASKS:
            assert site.json("dataset", "build", task)["snapshot"] == alone[task]
            assert texts_of(site, task) == {task == "second"}
        assert set(site.pushed().values()) <= {1}
        assert not list((site.folder / ".sftsec").glob("*/.staging-*"))
        site.run("model", "verify")
        site.run(*GC)
        with site.store() as store:
            assert all(row.folder.is_dir() for row in store.snapshots.list())
            assert all(run.folder.is_dir() for run in store.runs.list())
