"""A place that hosts share: what arrives is what was sent, and what is damaged is named."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fsspec.core import url_to_fs

from sftsec_core.api.errors import ConfigError, IntegrityError, StoreError
from sftsec_core.store.artifacts import Artifacts

NAME = "d" * 64


# A bucket of a storage that runs, such as s3://bucket (with AWS_ENDPOINT_URL where it is not AWS).
BUCKET = os.environ.get("SFTSEC_TEST_BUCKET")


@pytest.fixture(params=["folder", "file", "memory", *(["bucket"] if BUCKET else [])])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param in ("folder", "file"):
        yield "share" if request.param == "folder" else f"file://{tmp_path}/share"
        return
    url = f"{BUCKET if request.param == 'bucket' else 'memory://share'}/{uuid4().hex}"
    yield url
    storage, root = url_to_fs(url)
    if storage.exists(root):
        storage.rm(root, recursive=True)


@pytest.fixture
def shared(place: str, tmp_path: Path) -> Artifacts:
    return Artifacts(place, tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "one" / "models" / NAME
    (folder / "cards" / "c").mkdir(parents=True)
    (folder / "weights").write_bytes(bytes(range(256)) * 1000)
    (folder / "same").write_bytes(b"same")
    (folder / "again").write_bytes(b"same")
    (folder / "cards" / "c" / "card.json").write_text("{}")
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Where another host keeps the model."""
    folder = tmp_path / "two" / "models" / NAME
    folder.parent.mkdir(parents=True)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


class TestPush:
    def test_another_host_gets_the_same(self, shared: Artifacts, model: Path, other: Path) -> None:
        assert shared.push("models", model) == 3  # two files have one content
        assert shared.push("models", model) == 0
        assert shared.fetch("models", other)
        assert content(other) == content(model)
        assert [path.name for path in other.parent.iterdir() if path.is_dir()] == [NAME]

    def test_what_came_later_follows(self, shared: Artifacts, model: Path, other: Path) -> None:
        shared.push("models", model)
        shared.fetch("models", other)
        (model / "model.sig").write_text("signed")
        (other / "cards" / "d").mkdir()
        (other / "cards" / "d" / "card.json").write_text("[]")
        assert shared.push("models", model) == 1
        assert shared.push("models", other) == 1
        shared.fetch("models", model)
        shared.fetch("models", other)
        assert content(other) == content(model)
        assert len(content(model)) == 6

    def test_takes_only_the_named_files(self, shared: Artifacts, model: Path, other: Path) -> None:
        assert shared.push("models", model, ["same", "missing"]) == 1
        shared.fetch("models", other)
        assert content(other) == {"same": b"same"}


class TestFetch:
    def test_an_unfinished_upload_is_not_there(
        self, shared: Artifacts, model: Path, other: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(shared, "_write", killed)
            with pytest.raises(KeyboardInterrupt):
                shared.push("models", model)
        assert not shared.has("models", NAME)
        assert not shared.fetch("models", other)
        assert shared.push("models", model) == 0  # the files were there, the index was not
        assert shared.fetch("models", other)

    def test_goes_on_after_a_kill(
        self, shared: Artifacts, model: Path, other: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared.push("models", model)
        got: list[str] = []
        get = shared._fs.get_file

        def counted(path: str, target: str) -> None:
            if len(got) == 2:
                got.append("killed")
                raise KeyboardInterrupt
            got.append(path)
            get(path, target)

        monkeypatch.setattr(shared._fs, "get_file", counted)
        with pytest.raises(KeyboardInterrupt):
            shared.fetch("models", other)
        assert not other.exists()
        shared.fetch("models", other)
        assert content(other) == content(model)
        assert len(got) == 5  # four files, each once, and the one that was cut off

    @pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
    def test_names_a_damaged_file(
        self, shared: Artifacts, model: Path, other: Path, damage: str
    ) -> None:
        shared.push("models", model)
        path = max(shared._fs.find(shared._path("models", NAME)), key=shared._fs.size)
        before = shared._fs.cat_file(path)
        if damage == "gone":
            shared._fs.rm_file(path)
        else:
            changed = before[:-1] if damage == "cut" else b"x" + before[1:]
            shared._fs.pipe_file(path, changed)
        with pytest.raises(IntegrityError, match=r"weights is (damaged|missing).*store share"):
            shared.fetch("models", other)
        assert not other.exists()
        assert shared.push("models", model, again=True) == 1
        assert shared.fetch("models", other)

    def test_takes_no_file_out_of_place(
        self, shared: Artifacts, model: Path, other: Path, tmp_path: Path
    ) -> None:
        shared.push("models", model)
        index = shared._path("models", NAME, "index.json")
        for name in ("../../evil", "/etc/evil"):
            shared._fs.pipe_file(index, json.dumps({"files": {name: "0" * 64}}).encode())
            with pytest.raises(IntegrityError, match="index"):
                shared.fetch("models", other)
        shared._fs.pipe_file(index, b"[")
        with pytest.raises(IntegrityError, match="index"):
            shared.fetch("models", other)
        assert not (tmp_path / "evil").exists()


class TestRemove:
    def test_leaves_nothing_of_a_folder(self, shared: Artifacts, model: Path) -> None:
        shared.push("models", model)
        shared.remove("models", NAME)
        assert shared._fs.find(shared._path("models")) == []
        shared.remove("models", NAME)
        assert not shared.has("models", NAME)


class TestCheckSalt:
    def test_the_first_host_says_which(self, shared: Artifacts) -> None:
        shared.check_salt(None)
        shared.check_salt("a" * 64)
        shared.check_salt("a" * 64)
        with pytest.raises(ConfigError, match="this host's salt is another: copy the file"):
            shared.check_salt("b" * 64)
        with pytest.raises(ConfigError, match="has no salt yet"):
            shared.check_salt(None)


class TestArtifacts:
    def test_refuses_what_cannot_be_used(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="nonsense:// cannot be used"):
            Artifacts("nonsense://x", tmp_path)
        with pytest.raises(ConfigError, match="the URL itself"):
            Artifacts("env:PLACE", tmp_path)
        with pytest.raises(ConfigError, match="credentials") as told:
            Artifacts("s3://key:hunter2@bucket/x", tmp_path)
        assert "hunter2" not in str(told.value)

    def test_a_missing_extra_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "gcsfs", None)
        with pytest.raises(ConfigError, match=r"pip install 'sftsec\[gs\]'"):
            Artifacts("gs://bucket/x", tmp_path)

    def test_an_unreachable_place_is_a_store_error(self, tmp_path: Path, model: Path) -> None:
        (tmp_path / "taken").write_text("no folder")
        with pytest.raises(StoreError, match=r"state\.artifacts: "):
            Artifacts("taken", tmp_path).push("models", model)
