"""The launcher over a real cluster of two nodes: processes of this machine, over loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import sftsec_core.builtin
from sftsec_core.api import (
    ConfigError,
    Event,
    LauncherSpec,
    Message,
    StageFinished,
    StageStarted,
    TrainingError,
    TrainingInterruptedError,
)
from sftsec_core.bench.kills_site import make_site
from sftsec_core.bench.ray import (
    NodeKiller,
    RayPlan,
    launch_on,
    live_digest,
    retrain,
    score_on,
)
from sftsec_core.bench.ray_nodes import TOKEN, RayNodes
from sftsec_core.plugins import Plugins
from sftsec_core.testing import LauncherContract, make_order
from sftsec_ray.files import digest_of
from sftsec_ray.hooks import sftsec_register_launchers

pytestmark = pytest.mark.timeout(900)  # a loaded machine takes minutes to start the nodes
LAUNCHER = sftsec_register_launchers()[0]


class TestRayLauncher(LauncherContract):
    @pytest.fixture(autouse=True)
    def _of_two_nodes(self, nodes: RayNodes) -> None:
        self.nodes = nodes

    def spec(self) -> LauncherSpec[Any]:
        return LAUNCHER

    def config(self) -> Mapping[str, Any]:
        return settings_of(self.nodes)


class TestKilledWorker:
    def test_is_replaced_in_each_phase(
        self, nodes: RayNodes, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Before the first event, in training, and while the results travel back."""
        order = make_order(tmp_path_factory.mktemp("killed"))
        phases = [Message, StageStarted, StageFinished]
        workers: list[int] = []
        said: list[str] = []

        def kill_when_due(event: Event) -> None:
            if isinstance(event, Message):
                said.append(event.text)
                if found := re.search(r"on node .*, process (\d+)", event.text):
                    workers.append(int(found[1]))
            if phases and type(event) is phases[0] and len(workers) == 4 - len(phases):
                phases.pop(0)
                with suppress(ProcessLookupError):  # the results may have travelled already
                    os.kill(workers[-1], signal.SIGKILL)

        LAUNCHER.run(LAUNCHER.configure(settings_of(nodes)), order, kill_when_due)
        assert len(set(workers)) in {3, 4}
        assert sum("another worker resumes" in text for text in said) == len(workers) - 1
        assert digests(order.folder) == digests(fitted_here(tmp_path_factory.mktemp("here")))

    def test_run_ends_after_too_many(self, nodes: RayNodes, tmp_path: Path) -> None:
        def kill_each(event: Event) -> None:
            if isinstance(event, Message) and (found := re.search(r"process (\d+)", event.text)):
                os.kill(int(found[1]), signal.SIGKILL)

        config = LAUNCHER.configure({**settings_of(nodes), "replacements": 0})
        with pytest.raises(TrainingInterruptedError, match="1 workers of the Ray cluster died"):
            LAUNCHER.run(config, make_order(tmp_path), kill_each)


class TestRefusal:
    def test_of_more_than_any_node_has(self, nodes: RayNodes, tmp_path: Path) -> None:
        config = LAUNCHER.configure({**settings_of(nodes), "cpus": 64, "wait": "1s"})
        with pytest.raises(TrainingInterruptedError, match="it has 3 CPUs and 0 GPUs in all"):
            LAUNCHER.run(config, make_order(tmp_path), list[Event]().append)

    def test_of_another_token(
        self, nodes: RayNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOME_TOKEN", "0" * 64)
        config = LAUNCHER.configure({"address": nodes.address, "token": "env:SOME_TOKEN"})
        with pytest.raises(TrainingError, match="refuses the token: give its own"):
            LAUNCHER.run(config, make_order(tmp_path), list[Event]().append)

    def test_of_pictures_that_cannot_travel(self, tmp_path: Path) -> None:
        order = make_order(tmp_path)
        inputs = [{"name": "page", "kind": "image"}]
        order = replace(order, task={**order.task, "inputs": inputs})
        with pytest.raises(ConfigError, match="page: pictures do not travel"):
            LAUNCHER.run(LAUNCHER.configure({}), order, list[Event]().append)


def scored(site: Path, nodes: RayNodes, given: Path, output: Path) -> Any:
    """What `sftsec ray score` says of a file, in a process of its own, as a person runs it."""
    program = str(Path(sys.executable).with_name("sftsec"))
    place = ["--address", nodes.address, "--token", f"env:{TOKEN}", "--workers", "2"]
    command = ["ray", "score", "triage", str(given), "--output", str(output), "--part-mb", "1"]
    done = subprocess.run(
        [program, "-c", str(site / "sftsec.yaml"), *command, *place, "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settings_of(nodes: RayNodes) -> dict[str, Any]:
    return {"address": nodes.address, "token": f"env:{TOKEN}"}


def fitted_here(folder: Path) -> Path:
    """A folder whose order the launcher of this machine has carried out."""
    local = Plugins.of_modules(sftsec_core.builtin).specs(LauncherSpec)["local"]
    local.run(local.configure({}), make_order(folder), list[Event]().append)
    return folder


def digests(folder: Path) -> dict[str, str]:
    model = folder / "fitted" / "linear" / "model"
    return {path.name: digest_of(path) for path in model.iterdir()}


@pytest.fixture(scope="module")
def site(nodes: RayNodes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose task is trained on the cluster, whose second node dies meanwhile."""
    made = tmp_path_factory.mktemp("sites") / "site"
    make_site(made, "linear")
    launch_on(made, nodes, cpus=2)
    assert retrain(made, NodeKiller(nodes, 2)) == 2
    return made


class TestSite:
    def test_survives_the_death_of_a_node(self, site: Path, tmp_path: Path) -> None:
        make_site(tmp_path / "here", "linear")
        retrain(tmp_path / "here", lambda _worker, _event: None)
        assert live_digest(site) == live_digest(tmp_path / "here")

    def test_scores_files_and_resumes(self, site: Path, nodes: RayNodes) -> None:
        given, output = site / "in.jsonl", site / "scores"
        given.write_text("".join(f"dump lsass beacon {n}\n" for n in range(60_000)) + "\n")
        first = scored(site, nodes, given, output)
        (output / "part-000001.parquet").write_bytes(b"cut off")
        again = scored(site, nodes, given, output)
        assert (first["rows"], first["errors"], first["parts"]) == (60_001, 1, 2)
        assert (first["resumed"], again["resumed"]) == (0, 1)
        assert again["model"] == first["model"] == live_digest(site)
        rows = pq.read_table(output).to_pylist()
        assert len(rows) == 60_001
        assert {row["label"] for row in rows[:60_000]} == {"malicious"}

    def test_small_bench_measures_all_ways(self, site: Path, nodes: RayNodes) -> None:
        found = score_on(site, nodes, RayPlan(rows=200), lambda _text: None)
        assert [each["rows"] for each in found] == [20, 20, 20, 200]
        assert all(0 < each["largest_mb"] < 1500 for each in found)
