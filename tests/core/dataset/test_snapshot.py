"""Snapshots: typed columns, and images stored once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.domain import (
    Blob,
    Incident,
    IncidentPage,
    InputField,
    InputKind,
    TaskSpec,
    Verdict,
)
from sftsec_core.api.errors import IntegrityError
from sftsec_core.api.settings.task import VerdictSettings
from sftsec_core.dataset.features import build_examples, renderer
from sftsec_core.dataset.resolve import resolve
from sftsec_core.dataset.snapshot import BLOBS, open_snapshot
from sftsec_core.plugins import Plugins
from tests.core.dataset.builders import build, plan, rows, text

MIXED = TaskSpec(
    "mixed",
    (
        InputField("text", InputKind.TEXT, ("message",)),
        InputField("amount", InputKind.NUMBER, ("amount",)),
        InputField("user", InputKind.CATEGORY, ("user",)),
        InputField("screen", InputKind.IMAGE, ("screen",)),
        InputField("history", InputKind.SEQUENCE, ("history",)),
    ),
    ("benign", "malicious"),
    "benign",
    "host",
)


FIELDS = ("message", "amount", "user", "screen", "history", "host")


LABELS = {"benign": ("good",), "malicious": ("bad",)}


IMAGE = b"\x89PNG pixels"


def mixed(uid: str, label: str, **fields: object) -> Incident:
    given = {"message": text(int(uid)), "amount": 40.77, "user": 5, **fields}
    return Incident(uid, given, (Verdict(label),), datetime(2026, 1, 1, tzinfo=UTC))


class TestTypedColumns:
    def test_hold_each_kind_as_it_is(self, tmp_path: Path) -> None:
        given = mixed("1", "bad", screen=IMAGE, history=["open", 2], host=["h1", "h2"])
        snapshot = build(
            [IncidentPage((given,), "c")], tmp_path, plan(fields=FIELDS, group="host", task=MIXED)
        )
        (row,) = rows(snapshot)
        assert (row["field.amount"], row["field.user"]) == (40.77, "5")
        assert row["field.history"] == ["open", "2"]
        assert row["field.screen"] == Blob.of(IMAGE).sha256
        assert row["groups"] == ["h1", "h2"]
        (back,) = snapshot.incidents()
        assert back.fields["amount"] == 40.77
        assert back.fields["history"] == ("open", "2")
        assert back.fields["screen"].read() == IMAGE
        assert open_snapshot(snapshot.folder) == snapshot

    def test_become_the_inputs_of_examples(self, tmp_path: Path) -> None:
        page = IncidentPage((mixed("1", "bad", screen=IMAGE), mixed("2", "good")), "c")
        snapshot = build([page], tmp_path, plan(fields=FIELDS, task=MIXED))
        found = resolve(snapshot, LABELS, VerdictSettings())
        one, two = build_examples(snapshot, found, renderer(MIXED, None, Plugins(())))
        assert dict(one.inputs) == {
            "text": text(1),
            "amount": 40.77,
            "user": "5",
            "screen": Blob.of(IMAGE),
            "history": None,
        }
        assert two.inputs["screen"] is None
        assert one.digest == rows(snapshot)[0]["digest"]

    def test_count_values_of_another_kind_as_missing(self, tmp_path: Path) -> None:
        given = (
            mixed("1", "bad", amount="many"),
            mixed("2", "bad", amount="7.5", screen="/etc/passwd"),
        )
        snapshot = build([IncidentPage(given, "c")], tmp_path, plan(fields=FIELDS, task=MIXED))
        assert [row["field.amount"] for row in rows(snapshot)] == [None, 7.5]
        assert [row["field.screen"] for row in rows(snapshot)] == [None, None]
        assert snapshot.manifest["step_counts"]["inputs"] == {
            "amount: no number": 1,
            "screen: no image": 1,
        }

    def test_tell_rows_of_one_text_apart(self, tmp_path: Path) -> None:
        same = [mixed(str(n), "bad", message=text(9), amount=float(n // 2)) for n in range(4)]
        snapshot = build(
            [IncidentPage(tuple(same), "c")], tmp_path, plan(fields=FIELDS, task=MIXED)
        )
        assert [row["field.amount"] for row in rows(snapshot)] == [0.0, 1.0]
        assert snapshot.counts["exact_duplicates"] == 2
        assert len({row["cluster"] for row in rows(snapshot)}) == 2

    def test_give_the_same_digest_whatever_the_pages(self, tmp_path: Path) -> None:
        given = [
            mixed(str(n), "bad", amount=n / 3, screen=IMAGE, history=["a"] * n) for n in range(9)
        ]
        made = plan(fields=FIELDS, task=MIXED)
        whole = build([IncidentPage(tuple(given), "c")], tmp_path / "a", made)
        pages = [IncidentPage((each,), str(n)) for n, each in enumerate(given)]
        assert build(pages, tmp_path / "b", made).digest == whole.digest


class TestBlobs:
    def test_are_stored_once_a_content(self, tmp_path: Path) -> None:
        given = (mixed("1", "bad", screen=IMAGE), mixed("2", "bad", screen=IMAGE))
        snapshot = build([IncidentPage(given, "c")], tmp_path, plan(fields=FIELDS, task=MIXED))
        (stored,) = (snapshot.folder / BLOBS).iterdir()
        assert stored.read_bytes() == IMAGE

    def test_of_duplicates_are_stored_once(self, tmp_path: Path) -> None:
        images = (("1", IMAGE), ("1", b"other"), ("2", IMAGE), ("1", b"other"))
        given = tuple(mixed(uid, "bad", screen=image) for uid, image in images)
        snapshot = build([IncidentPage(given, "c")], tmp_path, plan(fields=FIELDS, task=MIXED))
        assert snapshot.blobs() == {Blob.of(IMAGE).sha256, Blob.of(b"other").sha256}
        assert len(list((snapshot.folder / BLOBS).iterdir())) == 2

    def test_are_read_from_a_connectors_file(self, tmp_path: Path) -> None:
        file = tmp_path / "screen.png"
        file.write_bytes(IMAGE)
        page = IncidentPage((mixed("1", "bad", screen=file),), "c")
        snapshot = build([page], tmp_path, plan(fields=FIELDS, task=MIXED))
        file.unlink()
        (back,) = snapshot.incidents()
        assert back.fields["screen"].read() == IMAGE

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"other")])
    def test_that_are_gone_or_changed_are_refused(self, damage: object, tmp_path: Path) -> None:
        page = IncidentPage((mixed("1", "bad", screen=IMAGE),), "c")
        snapshot = build([page], tmp_path, plan(fields=FIELDS, task=MIXED))
        assert callable(damage)
        damage(snapshot.folder / BLOBS / Blob.of(IMAGE).sha256)
        with pytest.raises(IntegrityError, match="missing or damaged"):
            open_snapshot(snapshot.folder)


class TestSample:
    def test_labels_its_rows_as_the_whole_does(self, tmp_path: Path) -> None:
        """Copies of one text have verdicts of their own, which count for the row that is kept."""
        words = (("TP",), ("FP",), ("TP", "FP"), ("FP", "FP"))
        given = [
            Incident(
                f"{n:03d}",
                {"message": text(n % 150)},
                tuple(Verdict(word, f"ana {n}") for word in words[n % 7 % 4]),
            )
            for n in range(200)
        ]
        snapshot = build([IncidentPage(tuple(given), "c")], tmp_path)
        labels, rules = {"bad": ("TP",), "good": ("FP",)}, VerdictSettings()
        whole, drawn = resolve(snapshot, labels, rules), snapshot.sample(40)
        uids = {row["uid"] for row in rows(drawn)}
        assert 30 < len(uids) <= 40
        assert resolve(drawn, labels, rules).labels == {
            uid: label for uid, label in whole.labels.items() if uid in uids
        }
        assert {each.uid for each in drawn.incidents()} == uids
        assert sum(batch.num_rows for batch in drawn.batches(["digest"])) == len(uids)

    def test_of_few_rows_is_all_of_them(self, tmp_path: Path) -> None:
        given = (Incident("a", {"message": text(1)}, (Verdict("TP"),)),)
        snapshot = build([IncidentPage(given, "c")], tmp_path)
        assert snapshot.sample(1) is snapshot
