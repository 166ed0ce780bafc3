"""An adapted encoder of a task: made, judged, named by the configuration, removed when unused."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from sftsec_core.api.domain import Interval
from sftsec_core.api.errors import DataError, IntegrityError
from sftsec_core.operations.adapt import AdaptResult, ProbeComparison, adapt
from sftsec_core.operations.backup_store import backup_store
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.remove_unused import remove_unused
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.unused import ENCODER, UnusedOrder
from sftsec_core.recipes.config import EncoderSettings
from tests.core.operations.secret_task import Observer, context, write_incidents
from tests.core.recipes.tiny_encoder import make_tiny_encoder

LONG = timedelta(hours=1)
NOW = UnusedOrder(timedelta(0), 0)


def on(encoder: EncoderSettings | AdaptResult) -> dict[str, object]:
    if isinstance(encoder, AdaptResult):
        return {
            "name": "probe",
            "encoder": {"path": str(encoder.folder), "sha256": encoder.digest, "max_length": 32},
        }
    return {
        "name": "probe",
        "encoder": {"path": encoder.path, "sha256": encoder.sha256, "max_length": 32},
    }


def encoders_by_gc(folder: Path, observer: Observer, recipe: Mapping[str, object]) -> set[str]:
    with context(folder, observer, recipe) as work:
        items = remove_unused(work, NOW).items
    return {item.name for item in items if item.kind == ENCODER and item.goes}


class TestAdapt:
    def test_result_is_used_by_its_digest(self, tmp_path: Path, observer: Observer) -> None:
        write_incidents(tmp_path, 160)
        with (tmp_path / "incidents.jsonl").open("a", encoding="utf-8") as out:
            for number in range(30):
                open_one = {"id": f"o{number}", "message": f"lima mike open case {number} of kilo"}
                out.write(json.dumps(open_one) + "\n")
        tiny = make_tiny_encoder(tmp_path / "tiny")
        with context(tmp_path, observer, on(tiny), unlabelled={"window": "all"}) as work:
            with pytest.raises(DataError, match="has no data set yet"):
                adapt(work, "secret", LONG)
            built = build_dataset(work, "secret")
            made = adapt(work, "secret", LONG)
            (last,) = [e for e in work.store.audit.tail(9) if e.action == "encoder.adapted"]
        assert made.path == f".sftsec/encoders/{made.digest}"
        assert made.facts.parent_sha256 == tiny.sha256
        assert made.facts.settings["snapshot"] == built.snapshot
        assert made.facts.settings["pool"] == built.data["unlabelled"]["snapshot"]
        assert built.data["unlabelled"]["unlabelled"] > 0
        train = built.data["parts"]["train"]
        assert made.facts.texts == train + built.data["unlabelled"]["unlabelled"]
        assert made.facts.perplexity_after < made.facts.perplexity_before
        assert made.probe.gain.low is not None
        assert last.object == made.digest
        with context(tmp_path, observer, on(made)) as work:
            done = backup_store(work, tmp_path / "backup.tar")
        with tarfile.open(done.file) as backup:
            kept = {Path(name).name for name in backup.getnames() if made.digest in name}
        assert {file.name for file in made.folder.iterdir()} <= kept
        # An older one of the task goes, unless something names it.
        older = made.folder.with_name("a" * 64)
        shutil.copytree(made.folder, older)
        os.utime(older, (1, 1))
        assert encoders_by_gc(tmp_path, observer, on(tiny)) == {older.name}
        named = {
            "name": "probe",
            "encoder": {"path": str(older), "sha256": made.digest, "max_length": 32},
        }
        assert encoders_by_gc(tmp_path, observer, named) == set()
        with context(tmp_path, observer, on(made), min_labels=20) as work:
            assert retrain(work, "secret").model.recipe
            config = made.folder / "config.json"
            config.write_text(config.read_text() + " ")
            with pytest.raises(IntegrityError, match="not the encoder that was configured"):
                retrain(work, "secret", force=True)


class TestProbeComparison:
    @pytest.mark.parametrize(
        ("low", "high", "verdict"),
        [
            (0.01, 0.03, "better"),
            (-0.03, -0.01, "worse"),
            (-0.01, 0.03, "no difference shown"),
            (None, None, "no difference shown"),
        ],
    )
    def test_interval_decides_the_verdict(
        self, low: float | None, high: float | None, verdict: str
    ) -> None:
        assert ProbeComparison(9, 0.5, 0.5, Interval(0.0, low, high)).verdict == verdict
