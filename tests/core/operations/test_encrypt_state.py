"""An encrypted state holds no incident's text in the clear, also not while a run works."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sftsec_core.api.domain import Event, Message, StageFinished, StageStarted
from sftsec_core.api.errors import ConfigError, IntegrityError, RunActiveError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.operations.authorize import local_admin
from sftsec_core.operations.build_dataset import build_dataset
from sftsec_core.operations.context import Context
from sftsec_core.operations.encrypt_state import encrypt_state, rotate_key
from sftsec_core.operations.promote import promote
from sftsec_core.operations.retrain import retrain
from sftsec_core.operations.score import score
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.store.runs import RunOrder
from tests.core.operations.secret_task import LABELS, write_incidents
from tests.core.store.keys import new_key

CANARY = "canarybird"


class Watch:
    """Looks for the canary in every file of the state, whenever something happens."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.looks = 0
        self.seen: Counter[str] = Counter()
        self.files: set[str] = set()

    def __call__(self, event: Event) -> None:
        if not isinstance(event, (StageStarted, StageFinished, Message)):
            return
        self.looks += 1
        for path in self.state.rglob("*"):
            try:
                found = path.is_file() and CANARY.encode() in path.read_bytes()
            except OSError:  # gone meanwhile
                continue
            self.files.add(path.name)
            self.seen[path.name] += found


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_incidents(tmp_path, 240)
    file = tmp_path / "incidents.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["message"] += f" {CANARY}"
        if number % 20 == 0:
            del row["label"]
    rows.append({"id": "bad", "message": CANARY, "time": f"{CANARY} o'clock", "label": "benign"})
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@contextmanager
def opened(site: Path, key: SecretRef | None, *sinks: Watch) -> Iterator[Context]:
    settings = {
        "state": {} if key is None else {"encrypt": {"key": str(key)}},
        "connectors": {
            "siem": {"type": "files", "paths": ["incidents.jsonl"], "output": "detections.jsonl"}
        },
        "tasks": {
            "secret": {
                "connector": "siem",
                "text": ["message"],
                "labels": {name: [name] for name in LABELS},
                "benign": "benign",
                "split": {"method": "stratified"},
                "train": {"recipe": "linear"},
            }
        },
    }
    file = site / "sftsec.yaml"
    file.write_text(json.dumps(settings))
    with Context.open(file, actor=local_admin("test"), sinks=sinks) as work:
        yield work


class TestEncryptedState:
    def test_never_shows_a_text(self, site: Path) -> None:
        watch = Watch(site / ".sftsec")
        with opened(site, new_key(site), watch) as work:
            build_dataset(work, "secret")
            retrain(work, "secret")
            promote(work, "secret@candidate", force="the test's")
            assert score(work, "secret").scored
            watch(Message(text="the end"))
            texts = [incident.fields for incident in newest_dataset(work, "secret").incidents()]
        assert any(CANARY in str(fields) for fields in texts)
        assert {"train.parquet", "rows-00000.parquet", "report.html", "sftsec.db"} <= watch.files
        assert +watch.seen == Counter()

    def test_shows_them_without_encryption(self, site: Path) -> None:
        watch = Watch(site / ".sftsec")
        with opened(site, None, watch) as work:
            build_dataset(work, "secret")
            watch(Message(text="the end"))
        assert watch.seen["rows-00000.parquet"]


def sealed_files(work: Context) -> list[Path]:
    """What holds incidents: of a snapshot, of the parts it was made of, and its summary."""
    found = [*work.folder.rglob("*.parquet"), *work.folder.rglob("*.npz")]
    return sorted([*found, *work.folder.glob("summaries/*")])


class TestTurnOn:
    def test_earlier_state_is_read_and_then_encrypted(self, site: Path) -> None:
        key, watch = new_key(site), Watch(site / ".sftsec")
        with opened(site, None) as work:
            build_dataset(work, "secret")
            work.store.verdicts.list()
        with opened(site, key) as work:
            before = list(newest_dataset(work, "secret").incidents())
            done = encrypt_state(work)
            assert done.files == len(sealed_files(work)) > 4
            assert done.rows
            assert list(newest_dataset(work, "secret").incidents()) == before
        watch(Message(text="the end"))
        assert +watch.seen == Counter()

    def test_says_what_is_left_until_then(self, site: Path) -> None:
        told: list[str] = []
        with opened(site, None) as work:
            build_dataset(work, "secret")
        for expected in (1, 0):
            told.clear()
            with opened(site, new_key(site) if expected else self._key(site)) as work:
                work._sinks = (lambda event: told.append(getattr(event, "text", "")),)
                work.store.runs.list()
                encrypt_state(work)
            assert sum("sftsec store encrypt" in text for text in told) == expected

    def _key(self, site: Path) -> SecretRef:
        return SecretRef(f"file:{site / 'state.key'}")

    def test_missing_key_is_asked_for(self, site: Path) -> None:
        with opened(site, new_key(site)) as work:
            build_dataset(work, "secret")
        with opened(site, None) as work, pytest.raises(ConfigError, match=r"state\.encrypt: .*key"):
            build_dataset(work, "secret")

    def test_without_a_key_nothing_is_encrypted(self, site: Path) -> None:
        with opened(site, None) as work, pytest.raises(ConfigError, match="names no key"):
            encrypt_state(work)


class TestRotateKey:
    def test_only_the_new_key_opens_the_state(self, site: Path) -> None:
        first, second = new_key(site), new_key(site, "second.key")
        with opened(site, first) as work:
            build_dataset(work, "secret")
            files = {path: path.read_bytes() for path in work.folder.glob("snapshots/*/*")}
            rotate_key(work, second)
        with opened(site, second) as work:
            assert newest_dataset(work, "secret").counts["kept"]
        with opened(site, first) as work, pytest.raises(ConfigError, match="is not the key"):
            newest_dataset(work, "secret")
        assert all(path.read_bytes() == raw for path, raw in files.items())

    def test_new_data_key_changes_every_file(self, site: Path) -> None:
        key = new_key(site)
        with opened(site, key) as work:
            build_dataset(work, "secret")
            files = {path: path.read_bytes() for path in sealed_files(work)}
            done = rotate_key(work, reencrypt=True)
            assert done.files == len(files) > 4
        assert not any(path.read_bytes() == raw for path, raw in files.items())
        with opened(site, key) as work:
            assert work.vault is not None
            assert work.vault.complete
            assert list(newest_dataset(work, "secret").incidents())

    def test_killed_amid_files_leaves_all_readable(
        self, site: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = new_key(site)
        with opened(site, key) as work:
            build_dataset(work, "secret")
            damaged = sorted(work.folder.glob("snapshots/*/verdicts*.parquet"))[0]
            whole = damaged.read_bytes()
            damaged.write_bytes(whole[:-1])
            left = [path for path in sealed_files(work) if path >= damaged]
            with pytest.raises(IntegrityError):  # ends amid the files, as a kill does
                rotate_key(work, reencrypt=True)
            damaged.write_bytes(whole)
        with opened(site, key) as work:
            assert list(newest_dataset(work, "secret").incidents())
            assert work.vault is not None
            assert not work.vault.complete
            assert 1 <= encrypt_state(work).files == len(left) < len(sealed_files(work))

    def test_waits_for_no_run_that_writes(self, site: Path) -> None:
        with opened(site, new_key(site)) as work:
            order = RunOrder("retrain", "secret", {})
            run = work.store.runs.begin(order, work.folder / "runs").info
            with pytest.raises(RunActiveError, match=f"run {run.id} is under way"):
                rotate_key(work, reencrypt=True)
