"""From pages to a snapshot: what is kept, what is counted, what never reaches the disk."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sftsec_pii.hooks
from sftsec_core.api.contracts import StepContext
from sftsec_core.api.domain import Incident, IncidentPage, Rejection, Verdict
from sftsec_core.api.errors import (
    ConfigError,
    DataError,
    IntegrityError,
    NotFoundError,
    PluginError,
)
from sftsec_core.api.settings.task import DedupeSettings, TaskSettings
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset.ingest import PageSummary, resume_cursor
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.dataset.steps import StepChain, build_steps
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import build, cut, incident, no_steps, plan, rows, text

LABELS = {"malicious": ("bad",), "benign": ("good",)}


def stream(count: int = 90) -> list[Incident]:
    """Incidents with exact and near copies, repeated uids, conflicts and empty texts."""
    found: list[Incident] = []
    for n in range(count):
        if n % 17 == 16:
            found.append(found[n - 5])
            continue
        message = text(n // 3, 20) + (" x" if n % 3 == 1 else "")
        if n % 13 == 12:
            message = ""
        uid = n - 5 if n % 11 == 10 else n
        labels = ("bad",) if n % 10 < 4 else ("good",) if n % 10 < 7 else ()
        part = ("train", "test", None)[n // 20 % 3]
        found.append(incident(f"i{uid}", message, *labels, split=part))
    return found


def test_a_snapshot_holds_the_plans_fields_as_text_and_nothing_else(tmp_path: Path) -> None:
    given = Incident(
        "1",
        {"message": "hello there", "n": 5, "tags": ["a"], "secret.field": "do not keep"},
        (Verdict("bad", "anna", datetime(2026, 1, 2, tzinfo=UTC), "why", automated=True),),
        datetime(2026, 1, 1, tzinfo=UTC),
        "test",
    )
    fields = ("message", "n", "tags", "absent")
    snapshot = build([IncidentPage((given,), "c")], tmp_path, plan(fields=fields, group="n"))
    (row,) = rows(snapshot)
    assert row["field.message"] == "hello there"
    assert (row["field.n"], row["field.tags"], row["field.absent"]) == ("5", '["a"]', None)
    assert (row["uid"], row["groups"], row["split"]) == ("1", ["5"], "test")
    assert "do not keep" not in str(row)
    (verdict,) = snapshot.verdicts().to_pylist()
    assert verdict == {
        "uid": "1",
        "digest": row["digest"],
        "value": "bad",
        "analyst": "anna",
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "reason": "why",
        "automated": True,
    }
    (back,) = snapshot.incidents()
    assert dict(back.fields) == {"message": "hello there", "n": "5", "tags": '["a"]'}
    assert (back.at, back.split) == (given.at, "test")


def test_every_incident_is_counted_under_one_fate(tmp_path: Path) -> None:
    given = stream()
    snapshot = build(cut(given, 10), tmp_path)
    counts = dict(snapshot.counts)
    assert counts.pop("read") == len(given)
    assert sum(counts.values()) == len(given)
    assert all(counts.values()), counts
    assert counts["kept"] == len(rows(snapshot))


def test_a_copys_verdicts_are_kept_under_the_text_that_stands_for_it(tmp_path: Path) -> None:
    message = text(1)
    given = [incident("1", message, "bad"), incident("2", message, "good")]
    snapshot = build(cut(given, 5), tmp_path)
    table = snapshot.verdicts().to_pylist()
    assert [(v["uid"], v["value"]) for v in table] == [("1", "bad"), ("2", "good")]
    assert len({v["digest"] for v in table}) == 1
    assert len(rows(snapshot)) == 1


def test_an_incident_without_text_goes_to_quarantine(tmp_path: Path) -> None:
    seen: list[PageSummary] = []
    page = IncidentPage((incident("1", "  "), incident("2", "x")), "c", (Rejection("f:1", "bad"),))
    blank = Incident("3", {"other": "x"})
    pages = [page, IncidentPage((blank,), "d")]
    snapshot = build(pages, tmp_path, on_page=seen.append)
    assert [r.where for page in seen for r in page.rejected] == ["f:1", "3"]
    assert snapshot.counts["rejected"] == 2
    assert snapshot.counts["read"] == 4


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6), chunk=st.integers(1, 40))
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_neither_pages_nor_chunks_change_the_digest(
    sizes: list[int], chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = stream()
    whole = build(cut(given, len(given)), tmp_path_factory.mktemp("whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_module, "_CHUNK_INCIDENTS", chunk)
        begin = 0
        pages: list[IncidentPage] = []
        while begin < len(given):
            size = sizes[len(pages) % len(sizes)]
            pages.append(next(cut(given, size, begin)))
            begin += size
        parted = build(pages, tmp_path_factory.mktemp("parted"))
    assert parted.digest == whole.digest
    assert rows(parted) == rows(whole)


class Killed(Exception):  # noqa: N818 - it stands for a signal
    pass


@given(at=st.integers(1, 9), chunk=st.integers(1, 40))
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_build_that_was_stopped_at_any_page_goes_on_to_the_same_digest(
    at: int, chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = stream()
    whole = build(cut(given, 10), tmp_path_factory.mktemp("whole"))
    folder = tmp_path_factory.mktemp("parted")
    seen = 0

    def stop(_page: PageSummary) -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_module, "_CHUNK_INCIDENTS", chunk)
        with pytest.raises(Killed):
            build(cut(given, 10), folder, on_page=stop)
        start = int(resume_cursor(folder / "work") or 0)
        resumed = build(cut(given, 10, start), folder)
    assert resumed.digest == whole.digest
    assert not (folder / "work").exists()


def test_a_build_goes_on_after_kill_minus_nine(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from sftsec_core.dataset import ingest\n"
        "from tests.core.dataset.builders import build, cut\n"
        "from tests.core.dataset.test_ingest import stream\n"
        "ingest._CHUNK_INCIDENTS = 20\n"
        "seen = []\n"
        "def die(page):\n"
        "    seen.append(page)\n"
        "    if len(seen) == 6:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "build(cut(stream(), 10), Path(sys.argv[1]), on_page=die)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a")]
    done = subprocess.run(command, check=False)
    assert done.returncode == -signal.SIGKILL
    cursor = resume_cursor(tmp_path / "a" / "work")
    assert cursor == "40"
    resumed = build(cut(stream(), 10, 40), tmp_path / "a")
    assert resumed.digest == build(cut(stream(), 10), tmp_path / "b").digest


def test_a_work_folder_of_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    def stop(_page: PageSummary) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_module, "_CHUNK_INCIDENTS", 1)
        with pytest.raises(Killed):
            build(
                cut(stream(), 30), tmp_path, on_page=lambda p: stop(p) if p.cursor == "60" else None
            )
    other = plan(dedupe=DedupeSettings(threshold=0.9))
    with pytest.raises(DataError, match="other settings"):
        build(cut(stream(), 30), tmp_path, other)


def test_building_the_same_again_gives_the_snapshot_that_is_there(tmp_path: Path) -> None:
    first = build(cut(stream(), 10), tmp_path)
    second = build(cut(stream(), 7), tmp_path)
    assert first.folder == second.folder
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == [first.digest]


def test_an_empty_pull_gives_an_empty_snapshot(tmp_path: Path) -> None:
    snapshot = build([], tmp_path)
    assert snapshot.counts["kept"] == 0
    assert rows(open_snapshot(snapshot.folder)) == []
    assert snapshot.verdicts().num_rows == 0


def redacting() -> tuple[StepChain, str]:
    task = TaskSettings(connector="c", text=("message",), labels=LABELS, steps={"redact": {}})
    salt = bytes(range(32))
    context = StepContext(("message",), salt)
    return build_steps(task, Plugins.of_modules(sftsec_pii.hooks), context), salt.hex()


def test_nothing_unredacted_is_ever_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "_CHUNK_INCIDENTS", 1)
    steps, salt = redacting()
    verdict = Verdict("bad", "ana", reason="asked bob@a.example")
    message = "write to bob@a.example with password=hunter22"
    page = IncidentPage((Incident("1", {"message": message}, (verdict,)),), "c")
    left: list[bytes] = []

    def look(_page: PageSummary) -> None:
        left.extend(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    snapshot = build([page, IncidentPage((), "d")], tmp_path, plan(steps=steps), look)
    left += [path.read_bytes() for path in snapshot.folder.iterdir()]
    (row,) = rows(snapshot)
    assert "<EMAIL:" in row["field.message"]
    assert snapshot.manifest["step_counts"] == {"redact": {"email": 2, "secret": 1}}
    assert len(left) > 5
    for raw in left:
        assert b"bob@" not in raw
        assert b"hunter22" not in raw
        assert salt.encode() not in raw
    assert "bob@" not in str([row, snapshot.verdicts().to_pylist()])


def test_copies_are_found_after_the_steps(tmp_path: Path) -> None:
    steps, _ = redacting()
    given = [incident("1", "from bob@A.example"), incident("2", "from BOB@A.example")]
    snapshot = build(cut(given, 9), tmp_path, plan(steps=steps))
    assert snapshot.counts["exact_duplicates"] == 1


def test_lone_surrogates_are_stored_as_question_marks(tmp_path: Path) -> None:
    snapshot = build([IncidentPage((incident("u\ud800", "a \ud800 b"),), "c")], tmp_path)
    assert rows(snapshot)[0]["field.message"] == "a ? b"


def test_a_field_named_like_a_column_clashes_with_nothing(tmp_path: Path) -> None:
    one = Incident("1", {"message": "m", "uid": "mine", "split": "s"})
    snapshot = build(
        [IncidentPage((one,), "c")], tmp_path, plan(fields=("message", "uid", "split"))
    )
    (row,) = rows(snapshot)
    assert (row["uid"], row["field.uid"], row["split"], row["field.split"]) == (
        "1",
        "mine",
        None,
        "s",
    )


def test_the_manifest_says_what_was_done(tmp_path: Path) -> None:
    at = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    given = [Incident(str(i), {"message": text(i)}, at=when) for i, when in enumerate(at)]
    snapshot = build(cut(given, 2), tmp_path)
    said = orjson.loads((snapshot.folder / "manifest.json").read_bytes())
    assert said["span"] == ["2026-01-01T00:00:00.000000+00:00", "2026-01-03T00:00:00.000000+00:00"]
    assert said["fields"] == [{"name": "message", "kind": "text"}]
    assert said["dedupe"]["threshold"] == 0.85
    assert said["parts"]["rows"][0]["rows"] == 3
    assert said["digest"] == snapshot.folder.name


def damage(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("name", ["rows-00000.parquet", "verdicts-00000.parquet", "manifest.json"])
def test_a_snapshot_that_was_changed_is_refused(name: str, tmp_path: Path) -> None:
    folder = build(cut(stream(), 10), tmp_path).folder
    assert open_snapshot(folder).folder == folder
    damage(folder / name)
    with pytest.raises(IntegrityError):
        open_snapshot(folder)


def test_a_part_that_was_swapped_with_its_digest_in_the_manifest_is_refused(tmp_path: Path) -> None:
    import hashlib

    folder = build(cut(stream(), 10), tmp_path / "a").folder
    other = build(cut(stream(30), 10), tmp_path / "b").folder
    raw = (other / "rows-00000.parquet").read_bytes()
    (folder / "rows-00000.parquet").write_bytes(raw)
    said: dict[str, Any] = orjson.loads((folder / "manifest.json").read_bytes())
    said["parts"]["rows"][0]["sha256"] = hashlib.sha256(raw).hexdigest()
    (folder / "manifest.json").write_bytes(orjson.dumps(said))
    with pytest.raises(IntegrityError, match="not those of its manifest"):
        open_snapshot(folder)


def test_steps_run_by_their_order_and_wrong_ones_are_refused() -> None:
    plugins = Plugins.of_modules(sftsec_pii.hooks)
    context = StepContext(("message",), b"s" * 32)

    def steps(**named: dict[str, Any]) -> StepChain:
        task = TaskSettings(connector="c", text=("message",), labels=LABELS, steps=named)
        return build_steps(task, plugins, context)

    assert steps(redact={"ip": True}).settings["redact"]["ip"] is True
    with pytest.raises(NotFoundError, match="redact"):
        steps(redcat={})
    with pytest.raises(ConfigError, match=r"steps\.redact\.emial"):
        steps(redact={"emial": True})
    assert no_steps()([incident("1", "x")]) == [incident("1", "x")]


def test_a_step_never_sees_a_verdict(tmp_path: Path) -> None:
    seen: list[Verdict] = []

    class Peeks:
        def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
            seen.extend(verdict for each in incidents for verdict in each.verdicts)
            return [
                replace(each, fields={**each.fields, "message": f"{each.verdicts}{each.uid}"})
                for each in incidents
            ]

        def counts(self) -> dict[str, int]:
            return {}

    incidents = [Incident(uid, {"message": "x"}, (Verdict("bad"),)) for uid in ("1", "2")]
    cleaned = StepChain([("peeks", Peeks())], {})(incidents)
    assert seen == []
    assert [each.fields["message"] for each in cleaned] == ["()1", "()2"]
    assert [each.verdicts for each in cleaned] == [(Verdict("bad"),)] * 2


def test_a_step_that_invents_an_incident_is_refused() -> None:
    class Invents:
        def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
            return [*incidents, Incident("other", {})]

        def counts(self) -> dict[str, int]:
            return {}

    with pytest.raises(PluginError, match="step 'invents' returns an incident"):
        StepChain([("invents", Invents())], {})([Incident("1", {})])
