"""From pages to a snapshot: what is kept, what is counted, what never reaches the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sftsec_pii.hooks
from sftsec_core.api.contracts import StepContext
from sftsec_core.api.domain import (
    Incident,
    IncidentPage,
    InputField,
    InputKind,
    Rejection,
    TaskSpec,
    Verdict,
)
from sftsec_core.api.errors import IntegrityError
from sftsec_core.api.settings.task import TaskSettings
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset.plan import PageSummary
from sftsec_core.dataset.snapshot import open_snapshot
from sftsec_core.dataset.sources import SourcePage, unscoped
from sftsec_core.dataset.steps import StepChain, build_steps
from sftsec_core.dataset.sums import INGEST, SAMPLED_INGEST, check_sums
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import build, cut, incident, plan, rows, stream, text

LABELS = {"malicious": ("bad",), "benign": ("good",)}


def redacting() -> tuple[StepChain, str]:
    task = TaskSettings(connector="c", text=("message",), labels=LABELS, steps={"redact": {}})
    salt = bytes(range(32))
    context = StepContext(("message",), salt)
    return build_steps(task, Plugins.of_modules(sftsec_pii.hooks), context), salt.hex()


def damage(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


class TestSnapshotContent:
    def test_is_the_planned_fields_as_text(self, tmp_path: Path) -> None:
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

    def test_keeps_verdicts_of_dropped_duplicates(self, tmp_path: Path) -> None:
        message = text(1)
        given = [incident("1", message, "bad"), incident("2", message, "good")]
        snapshot = build(cut(given, 5), tmp_path)
        table = snapshot.verdicts().to_pylist()
        assert [(v["uid"], v["value"]) for v in table] == [("1", "bad"), ("2", "good")]
        assert len({v["digest"] for v in table}) == 1
        assert len(rows(snapshot)) == 1

    def test_stores_lone_surrogates_as_question_marks(self, tmp_path: Path) -> None:
        snapshot = build([IncidentPage((incident("u\ud800", "a \ud800 b"),), "c")], tmp_path)
        assert rows(snapshot)[0]["field.message"] == "a ? b"

    def test_field_may_be_named_like_a_column(self, tmp_path: Path) -> None:
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

    def test_manifest_says_what_was_done(self, tmp_path: Path) -> None:
        at = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
        given = [Incident(str(i), {"message": text(i)}, at=when) for i, when in enumerate(at)]
        snapshot = build(cut(given, 2), tmp_path)
        said = orjson.loads((snapshot.folder / "manifest.json").read_bytes())
        assert said["span"] == [
            "2026-01-01T00:00:00.000000+00:00",
            "2026-01-03T00:00:00.000000+00:00",
        ]
        assert said["fields"] == [{"name": "message", "kind": "text"}]
        assert said["dedupe"]["threshold"] == 0.85
        assert said["parts"]["rows"][0]["rows"] == 3
        assert said["digest"] == snapshot.folder.name

    def test_is_empty_after_an_empty_pull(self, tmp_path: Path) -> None:
        snapshot = build([], tmp_path)
        assert snapshot.counts["kept"] == 0
        assert rows(open_snapshot(snapshot.folder)) == []
        assert snapshot.verdicts().num_rows == 0


def dropping(*uids: str) -> StepChain:
    class Drop:
        def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
            return [each for each in incidents if each.uid not in uids]

        def counts(self) -> Mapping[str, int]:
            return {}

    return StepChain((("drop", Drop()),), {})


def refusing(*uids: str) -> StepChain:
    class Refuse:
        def __init__(self) -> None:
            self.refused: list[Rejection] = []

        def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
            self.refused += [Rejection(e.uid, "no use") for e in incidents if e.uid in uids]
            return [each for each in incidents if each.uid not in uids]

        def take_rejected(self) -> Sequence[Rejection]:
            taken, self.refused = self.refused, []
            return taken

        def counts(self) -> Mapping[str, int]:
            return {}

    return StepChain((("refuse", Refuse()),), {})


class TestRecordsOfOneId:
    TWO = (incident("7", text(1), "bad"), incident("7", text(2), "good"))

    def test_are_rows_with_their_own_verdicts(self, tmp_path: Path) -> None:
        snapshot = build(cut(self.TWO, 5), tmp_path)
        labels = {v["uid"]: v["value"] for v in snapshot.verdicts().to_pylist()}
        said = {row["field.message"]: labels[row["uid"]] for row in rows(snapshot)}
        assert said == {text(1): "bad", text(2): "good"}
        assert snapshot.counts["sharing_an_id"] == 1

    def test_get_later_verdicts_on_their_text(self, tmp_path: Path) -> None:
        later = (incident("7", text(2), "bad"), incident("7", text(1)))
        snapshot = build(cut([*self.TWO, *later], 3), tmp_path)
        assert snapshot.counts["same"] == 2
        assert snapshot.counts["sharing_an_id"] == 1
        by_uid = Counter(v["uid"] for v in snapshot.verdicts().to_pylist())
        assert sorted(by_uid.values()) == [1, 2]
        names = {row["field.message"]: row["uid"] for row in rows(snapshot)}
        assert by_uid[names[text(2)]] == 2

    def test_differ_from_ids_like_their_names(self, tmp_path: Path) -> None:
        first = build(cut(self.TWO, 5), tmp_path / "one")
        name = rows(first)[1]["uid"]
        snapshot = build(cut([*self.TWO, incident(name, text(3), "bad")], 5), tmp_path / "two")
        assert len({row["uid"] for row in rows(snapshot)}) == 3

    def test_with_numbers_only_are_kept_apart(self, tmp_path: Path) -> None:
        task = TaskSpec("t", (InputField("size", InputKind.NUMBER, ("size",)),), ("a", "b"), "a")
        given = [Incident("7", {"size": size}, (Verdict("bad"),)) for size in (1, 2, 1)]
        snapshot = build(cut(given, 2), tmp_path, plan(fields=("size",), task=task))
        assert (snapshot.counts["kept"], snapshot.counts["same"]) == (2, 1)

    def test_keep_verdicts_where_one_is_dropped(self, tmp_path: Path) -> None:
        class DropFirstText:
            def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
                return [each for each in incidents if each.fields["message"] != text(1)]

            def counts(self) -> Mapping[str, int]:
                return {}

        steps = StepChain((("drop", DropFirstText()),), {})
        snapshot = build(cut(self.TWO, 5), tmp_path, plan(steps=steps))
        assert [v["value"] for v in snapshot.verdicts().to_pylist()] == ["good"]
        assert snapshot.counts["dropped_by_steps"] == 1


class TestIncidentsThatAStepRejects:
    def test_are_counted_and_told_of(self, tmp_path: Path) -> None:
        seen: list[PageSummary] = []
        given = stream()
        snapshot = build(
            cut(given, 10), tmp_path, plan(steps=refusing("i7", "i20")), on_page=seen.append
        )
        assert (snapshot.counts["rejected"], snapshot.counts["dropped_by_steps"]) == (2, 0)
        assert [r.where for page in seen for r in page.rejected] == ["i7", "i20"]
        assert sum(page.read for page in seen) == len(given) - 2
        check_sums("the stream", snapshot.counts, [INGEST])


class TestCounts:
    def test_count_every_incident_once(self, tmp_path: Path) -> None:
        given = stream()
        unreadable = IncidentPage((), "end", (Rejection("f:1", "bad"),))
        pages = [*cut(given, 10), unreadable]
        snapshot = build(pages, tmp_path, plan(steps=dropping("i7", "i20")))
        counts = snapshot.counts
        assert counts["read"] == len(given) + 1
        assert all(counts.values()), counts
        check_sums("the stream", counts, [INGEST])
        assert counts["kept"] == len(rows(snapshot))

    def test_that_miss_a_record_are_refused(self, tmp_path: Path) -> None:
        page = IncidentPage((incident("1", text(1)),), "c")

        def lose_one() -> None:
            for file in (tmp_path / "work").rglob("part.json"):
                file.write_bytes(file.read_bytes().replace(b'"read":1', b'"read":2'))

        def pages() -> Iterator[IncidentPage]:
            yield page
            ingest_module._CHUNK_INCIDENTS, before = 1, ingest_module._CHUNK_INCIDENTS
            yield IncidentPage((), "d")
            ingest_module._CHUNK_INCIDENTS = before
            lose_one()

        with pytest.raises(IntegrityError, match="the pull do not add up: read 2 is not kept 1"):
            build(pages(), tmp_path)

    def test_tell_unreadable_from_empty(self, tmp_path: Path) -> None:
        seen: list[PageSummary] = []
        page = IncidentPage(
            (incident("1", "  "), incident("2", "x")), "c", (Rejection("f:1", "bad"),)
        )
        blank = Incident("3", {"other": "x"})
        pages = [page, IncidentPage((blank,), "d")]
        snapshot = build(pages, tmp_path, on_page=seen.append)
        assert [r.where for page in seen for r in page.rejected] == ["f:1"]
        assert snapshot.counts["rejected"] == 1
        assert snapshot.counts["empty"] == 1
        assert snapshot.counts["read"] == 4


class TestSeveralConnectors:
    @given(
        records=st.lists(
            st.tuples(
                st.sampled_from(["crowd", "mail"]), st.integers(0, 3), st.sampled_from("abcd")
            ),
            max_size=20,
        )
    )
    @settings(deadline=None, max_examples=25, derandomize=True)
    def test_never_share_an_incident(self, records: list[tuple[str, int, str]]) -> None:
        """One uid stands for another incident in each: its verdicts stay its own."""
        by_source = {
            name: [incident(f"{n}", TEXTS[t], f"{name} {t}") for c, n, t in records if c == name]
            for name in ("crowd", "mail")
        }
        pages = [
            SourcePage(page.incidents, page.cursor, page.rejected, name)
            for name, given in by_source.items()
            for page in cut(given, 3)
        ]
        with TemporaryDirectory() as made:
            snapshot = build(pages, Path(made), plan(connectors=("crowd", "mail")))
            digests = {row["digest"]: row["field.message"] for row in rows(snapshot)}
            verdicts = snapshot.verdicts().to_pylist()
        for one in verdicts:
            connector, _ = unscoped(one["uid"])
            assert TEXTS[one["value"].removeprefix(f"{connector} ")] == digests[one["digest"]]
        for name, found in by_source.items():
            own = snapshot.connectors[name]
            different = {(one.uid, *one.fields.items()) for one in found}
            assert own["read"] == len(found)
            # Ids are compared within a connector alone.
            assert own["same"] == len(found) - len(different)

    def test_of_one_change_no_digest(self, tmp_path: Path) -> None:
        """The digest of this snapshot is one that a build without a list of connectors has."""
        snapshot = build(cut(stream(), 7), tmp_path)
        assert "connectors" not in snapshot.manifest
        assert snapshot.digest == DIGEST_BEFORE


TEXTS = {letter: text(number) for number, letter in enumerate("abcd")}
DIGEST_BEFORE = "ae4460d29cdf911bd1b95c1754bb526702df71fe6e0e1cd5ee2ed8d6f39b692b"


class TestDigest:
    @given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6), chunk=st.integers(1, 40))
    @settings(
        deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_depends_on_neither_pages_nor_chunks(
        self, sizes: list[int], chunk: int, tmp_path_factory: pytest.TempPathFactory
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


class TestSteps:
    def test_nothing_unredacted_is_ever_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

    def test_copies_are_found_after_the_steps(self, tmp_path: Path) -> None:
        steps, _ = redacting()
        given = [incident("1", "from bob@A.example"), incident("2", "from BOB@A.example")]
        snapshot = build(cut(given, 9), tmp_path, plan(steps=steps))
        assert snapshot.counts["exact_duplicates"] == 1


class TestOpenSnapshot:
    @pytest.mark.parametrize(
        "name", ["rows-00000.parquet", "verdicts-00000.parquet", "manifest.json"]
    )
    def test_refuses_a_damaged_file(self, name: str, tmp_path: Path) -> None:
        folder = build(cut(stream(), 10), tmp_path).folder
        assert open_snapshot(folder).folder == folder
        damage(folder / name)
        with pytest.raises(IntegrityError):
            open_snapshot(folder)

    def test_refuses_a_part_with_a_forged_digest(self, tmp_path: Path) -> None:
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


class TestSample:
    OPEN = tuple(incident(f"i{n}", text(n % 150)) for n in range(240))

    def test_is_bounded_and_counted(self, tmp_path: Path) -> None:
        snapshot = build(cut(self.OPEN, 20), tmp_path, plan(sample=(30, b"salt")))
        assert len(rows(snapshot)) == snapshot.counts["kept"] == 30
        assert snapshot.counts["read"] == 240
        check_sums("the pool", snapshot.counts, [SAMPLED_INGEST])
        assert snapshot.manifest["unlabelled"] == {"max": 30}

    def test_is_the_same_after_a_kill(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = build(cut(self.OPEN, 20), tmp_path / "whole", plan(sample=(30, b"salt")))
        monkeypatch.setattr(ingest_module, "_CHUNK_INCIDENTS", 40)
        begun = cut(self.OPEN[:130], 20)

        def killed(page: PageSummary) -> None:
            if page.cursor == "120":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            build(begun, tmp_path, plan(sample=(30, b"salt")), killed)
        start = int(ingest_module.resume_cursor(tmp_path / "work") or 0)
        assert start == 80
        snapshot = build(cut(self.OPEN, 20, start), tmp_path, plan(sample=(30, b"salt")))
        assert snapshot.digest == whole.digest

    def test_counts_each_connector_by_itself(self, tmp_path: Path) -> None:
        half = len(self.OPEN) // 2
        pages = [
            SourcePage(page.incidents, page.cursor, (), name)
            for name, given in (("crowd", self.OPEN[:half]), ("mail", self.OPEN[half:]))
            for page in cut(given, 20)
        ]
        made = plan(connectors=("crowd", "mail"), sample=(30, b"salt"))
        snapshot = build(pages, tmp_path, made)
        of = Counter(unscoped(row["uid"])[0] for row in rows(snapshot))
        assert {name: own["kept"] for name, own in snapshot.connectors.items()} == of
        assert sum(of.values()) == 30
        assert min(of.values()) > 0
