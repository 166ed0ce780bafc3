"""Parts of files scored by the real command of a site, without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sftsec_core.api import DataError, TrainingError
from sftsec_ray.score_part import ScoreOrder, score_part
from sftsec_ray.score_parts import is_done, plan_parts
from tests.e2e.site import Site

ROWS = [{"id": f"r{n}", "message": f"powershell -enc {n}"} for n in range(6)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site.make(tmp_path_factory.mktemp("site"), open_rows=10)
    made.run("retrain", "triage")
    return made


def order(site: Site, output: Path, **changed: Any) -> ScoreOrder:
    model = site.json("model", "show", "triage@live")["digest"]
    values = {"config": str(site.config), "task": "triage", "output": str(output), "model": model}
    return ScoreOrder(**{**values, "identifier": "id", **changed})


class TestScorePart:
    def test_gives_what_predict_gives(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "in.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS) + "\n{\n")
        (part,) = plan_parts([file], 10**6)
        given = order(site, tmp_path)
        known = score_part(part, given)
        rows = pq.read_table(tmp_path / "part-000000.parquet").to_pylist()
        assert (known["rows"], known["errors"]) == (8, 1)
        assert [row["id"] for row in rows[:6]] == [row["id"] for row in ROWS]
        assert rows[6]["error"] == "the line is empty"
        assert file.read_bytes()[rows[2]["position"] :].startswith(b'{"id": "r2"')
        said = site.json("predict", "triage", ROWS[0]["message"])["predictions"][0]
        assert rows[0]["probability"] == said["probability"]
        assert rows[0]["decision"] == said["decision"]
        assert is_done(tmp_path, part, given.model)

    def test_reads_rows_of_parquet(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "in.parquet"
        pq.write_table(pa.Table.from_pylist(ROWS), file, row_group_size=3)
        parts = plan_parts([file], 1)
        score_part(parts[1], order(site, tmp_path))
        rows = pq.read_table(tmp_path / "part-000001.parquet").to_pylist()
        assert [(row["position"], row["id"]) for row in rows] == [(3, "r3"), (4, "r4"), (5, "r5")]

    def test_refuses_another_model(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "in.jsonl"
        file.write_text("a text\n")
        with pytest.raises(DataError, match="another model went live"):
            score_part(plan_parts([file], 10)[0], order(site, tmp_path, model="0" * 64))
        assert list(tmp_path.glob(".part*")) == []

    def test_refuses_changed_input(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "in.jsonl"
        file.write_text("a text\n")
        (part,) = plan_parts([file], 10)
        file.write_text("another text\n")
        with pytest.raises(DataError, match="has changed meanwhile"):
            score_part(part, order(site, tmp_path))

    def test_names_the_cause(self, site: Site, tmp_path: Path) -> None:
        file = tmp_path / "in.jsonl"
        file.write_text("a text\n")
        with pytest.raises(TrainingError, match="unknown task 'triaje', did you mean 'triage'"):
            score_part(plan_parts([file], 10)[0], order(site, tmp_path, task="triaje"))
