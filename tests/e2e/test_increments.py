"""A data set that grew out of earlier pulls is the one that a full build makes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sftsec_files.extents as extents_module
from sftsec_core.api.domain import PullWindow, Verdict
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset.ingest import Earlier, Heard, ingest
from sftsec_core.dataset.journal import PartStore
from sftsec_core.dataset.plan import PageSummary
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from sftsec_core.dataset.sources import SourceParts
from sftsec_files.config import FilesConfig
from sftsec_files.connector import FilesConnector
from tests.core.dataset.builders import plan, text

START = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = ("append", "late", "judge", "retract", "edit", "file", "window", "drop", "same", "kill")


class Killed(Exception):  # noqa: N818 - it stands for a signal
    pass


@dataclass(slots=True)
class Site:
    """Files that change, and what earlier builds of them have left."""

    folder: Path
    random: Random
    since: datetime | None = None
    written: int = 0
    reused: list[int] = field(default_factory=list)
    pulled: int = 0
    judged: list[tuple[str, Verdict]] = field(default_factory=list)
    last: Snapshot | None = None

    @property
    def files(self) -> list[Path]:
        return sorted((self.folder / "in").glob("*.jsonl"))

    def connector(self) -> FilesConnector:
        config = FilesConfig(
            paths=(self.folder / "in",),
            verdicts=self.folder / "verdicts.jsonl",
            page_size=7,
            id_scope="source",
        )
        return FilesConnector(config)

    def record(self) -> dict[str, Any]:
        """An incident, now and then a near copy, an exact one, or one of a uid that was used."""
        number, draw = self.written, self.random.random()
        self.written += 1
        about = self.random.randrange(number + 1) if draw < 0.4 else number
        uid = self.random.randrange(number + 1) if draw > 0.95 else number
        message = text(about, 14) + (" x" if draw < 0.2 else "")
        found = {"id": f"i{uid}", "@timestamp": (START + timedelta(hours=number)).isoformat()}
        found["message"] = "" if draw > 0.98 else message
        return found | ({"label": self.random.choice(("bad", "good"))} if draw < 0.7 else {})

    def write(self, file: Path, count: int) -> None:
        with file.open("ab") as stream:
            for _ in range(count):
                stream.write(orjson.dumps(self.record()) + b"\n")

    def change(self, step: str) -> None:
        """Do what happens to a source between two pulls."""
        files = self.files
        if step == "file" or not files:
            self.write(self.folder / "in" / f"f{self.written:05d}.jsonl", 9)
        elif step == "append":
            self.write(files[-1], 5)
        elif step == "late":
            self.write(files[0], 2)
        elif step == "edit":
            file = self.random.choice(files)
            lines = file.read_bytes().splitlines(keepends=True)
            lines[self.random.randrange(len(lines))] = orjson.dumps(self.record()) + b"\n"
            file.write_bytes(b"".join(lines))
        elif step == "window":
            moved = START + timedelta(hours=self.random.randrange(self.written))
            self.since = max(self.since or START, moved)
        elif step == "drop" and len(files) > 1:
            files[0].unlink()
        else:
            self.judge(step)

    def judge(self, step: str) -> None:
        """Change what analysts have said."""
        if step == "judge":
            uid = f"i{self.random.randrange(self.written + 2)}"
            self.judged.append((uid, Verdict(self.random.choice(("bad", "good")), "ann", START)))
            self.connector().add_verdicts(self.judged[-1:])
        elif step == "retract" and self.judged:
            self.connector().retract_verdicts([self.judged.pop()])

    def build(self, heard: Heard, earlier: Earlier | None, work: str) -> Snapshot:
        window = PullWindow(since=self.since, labelled=True, fields=("message",))
        pull = SourceParts("", None, self.connector().parts(window))
        return ingest(
            [pull],
            plan(),
            folder=self.folder / work,
            snapshots=self.folder / f"{work}-snapshots",
            heard=heard,
            earlier=earlier,
        )

    def grow(self, kill_at: int | None = None) -> Snapshot:
        """Build with what earlier builds have left."""
        self.reused, self.pulled = [], 0

        def page(summary: PageSummary) -> None:
            self.pulled += summary.read
            if kill_at is not None and self.pulled >= kill_at:
                raise Killed

        heard = Heard(page=page, reused=self.reused.append)
        self.last = self.build(heard, Earlier(PartStore(self.folder / "parts"), self.last), "grown")
        return self.last

    def rebuild(self) -> Snapshot:
        """Build anew, and forget it."""
        shutil.rmtree(self.folder / "full-snapshots", ignore_errors=True)
        return self.build(Heard(), None, "full")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents_module, "BLOCK", 900)
    monkeypatch.setattr(ingest_module, "_CHUNK_INCIDENTS", 8)


def site(folder: Path, seed: int) -> Site:
    (folder / "in").mkdir(parents=True)
    found = Site(folder, Random(seed))  # noqa: S311 - test data, not a secret
    for number in range(3):
        found.write(folder / "in" / f"a{number}.jsonl", 25)
    return found


class TestGrownSnapshot:
    @given(seed=st.integers(0, 2**16), steps=st.lists(st.sampled_from(STEPS), max_size=6))
    @settings(
        deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_is_that_of_a_rebuild(
        self, seed: int, steps: list[str], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        grown = site(tmp_path_factory.mktemp("site"), seed)
        grown.grow()
        for step in steps:
            grown.change(step)
            if step == "kill":
                grown.change("append")
                with pytest.raises(Killed):
                    grown.grow(kill_at=1)
            found = grown.grow()
            assert found.digest == grown.rebuild().digest
            assert open_snapshot(found.folder).counts == found.counts

    def test_takes_what_did_not_change(self, tmp_path: Path) -> None:
        grown = site(tmp_path, 5)
        first = grown.grow()
        whole = grown.pulled
        assert grown.reused == []
        grown.change("append")
        assert grown.grow().digest != first.digest
        assert 5 <= grown.pulled < whole / 3
        assert sum(grown.reused) > whole / 2

    def test_links_the_files_that_are_equal(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sftsec_core.dataset.writing._PART_ROWS", 1)
        grown = site(tmp_path, 5)
        first = grown.grow()
        grown.change("append")
        second = grown.grow()
        assert second.digest != first.digest
        before = {path.stat().st_ino for path in first.folder.glob("rows-*")}
        after = {path.stat().st_ino for path in second.folder.glob("rows-*")}
        assert len(before & after) > len(before) / 2
        assert open_snapshot(second.folder).digest == grown.rebuild().digest

    def test_after_a_kill_pulls_the_rest(self, tmp_path: Path) -> None:
        grown = site(tmp_path, 8)
        with pytest.raises(Killed):
            grown.grow(kill_at=40)
        found = grown.grow()
        assert sum(grown.reused) > 20
        assert found.digest == grown.rebuild().digest

    def test_of_a_damaged_part_is_pulled_again(self, tmp_path: Path) -> None:
        grown = site(tmp_path, 9)
        first = grown.grow()
        next((tmp_path / "parts").glob("*/part.json")).write_bytes(b"{")
        assert grown.grow().digest == first.digest
        assert 0 < grown.pulled < 40
