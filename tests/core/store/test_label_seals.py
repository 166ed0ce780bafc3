"""The labelling page's database in an encrypted state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.store.label_queue import FILE, LabellingQueue, PageVerdict, QueuedIncident
from sftsec_core.store.vault import Vault, open_vault, with_new_key

TASKS = ["mail"]
ASKED = QueuedIncident(
    task="mail",
    connector="siem",
    uid="i1",
    digest="d1",
    label="malicious",
    probability=0.5,
    reason="not sure",
    fields={"message": "canarytext"},
)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("STATE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    return open_vault(tmp_path, SecretRef("env:STATE_KEY"))


def judge(queue: LabellingQueue) -> PageVerdict:
    (waiting,) = queue.waiting(TASKS)
    given = PageVerdict(
        key="k1",
        place=waiting.place,
        task="mail",
        connector="siem",
        uid="i1",
        uids=("i1",),
        label="benign",
        value="fp",
        analyst="canaryname",
        at=1.0,
        reason="canaryreason",
    )
    (noted,) = queue.note([given])
    queue.keep(["k1"])
    return noted


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob(f"{FILE}*"))


class TestEncryptedQueue:
    def test_holds_no_text_and_gives_it_back(self, tmp_path: Path, vault: Vault) -> None:
        queue = LabellingQueue(tmp_path, vault)
        queue.add([ASKED])
        queue.add([replace(ASKED, uid="i2")])  # a copy: the body is written again
        noted = judge(queue)
        assert b"canary" not in written(tmp_path)
        assert (noted.analyst, noted.reason) == ("canaryname", "canaryreason")
        found = queue.find([noted.place])[noted.place]
        assert found.fields == {"message": "canarytext"}
        assert found.uids == ("i1", "i2")

    def test_cannot_be_read_without_its_key(self, tmp_path: Path, vault: Vault) -> None:
        LabellingQueue(tmp_path, vault).add([ASKED])
        with pytest.raises(IntegrityError, match=r"state\.encrypt"):
            LabellingQueue(tmp_path).waiting(TASKS)

    def test_earlier_rows_are_encrypted_with_the_state(self, tmp_path: Path, vault: Vault) -> None:
        plain = LabellingQueue(tmp_path)
        plain.add([ASKED])
        judge(plain)
        assert b"canary" in written(tmp_path)
        queue = LabellingQueue(tmp_path, vault)
        assert queue.reseal() == 2
        assert b"canary" not in written(tmp_path)
        assert queue.verdicts(TASKS)[0].analyst == "canaryname"

    def test_new_data_key_writes_rows_again(self, tmp_path: Path, vault: Vault) -> None:
        LabellingQueue(tmp_path, vault).add([ASKED])
        before, newer = written(tmp_path), with_new_key(vault)
        queue = LabellingQueue(tmp_path, newer)
        assert queue.reseal() == 1
        assert vault.current.encode() in before
        assert vault.current.encode() not in written(tmp_path)
        assert queue.waiting(TASKS)[0].fields == {"message": "canarytext"}

    def test_nothing_is_made_where_no_page_is(self, tmp_path: Path, vault: Vault) -> None:
        assert LabellingQueue(tmp_path, vault).reseal() == 0
        assert not (tmp_path / FILE).exists()
