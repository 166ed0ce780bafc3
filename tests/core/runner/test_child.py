"""The process that carries out a run: its order, and a run that is another worker's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sftsec_core.runner.child import ChildOrder
from tests.e2e.site import Site

ROOT = Path(__file__).parents[3]


class TestOrder:
    def test_comes_back_from_json(self) -> None:
        order = ChildOrder("sftsec.yaml", "r1", 2, "ann", ("admin", "analyst"), 10, 30.0)
        assert ChildOrder.from_json(order.to_json()) == order


class TestChild:
    def test_leaves_a_run_of_another_fence_alone(self, tmp_path: Path) -> None:
        site = Site.make(tmp_path / "site", rows=60, open_rows=10)
        site.run("run", "add", "dataset", "triage")
        with site.store() as store:
            claimed = store.queue.claim("w1")
        assert claimed is not None
        order = ChildOrder(str(site.config), claimed.info.id, 7, "ann", ("admin",), 0, 5.0)
        command = [sys.executable, "-m", "sftsec_core.runner.child", order.to_json()]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
        ) as child:
            assert child.stdout is not None
            told = json.loads(child.stdout.read())
        assert (told["error"], child.returncode) == ("LeaseLostError", 10)
        with site.store() as store:
            assert store.runs.get(claimed.info.id).status == "running"
