"""The archive: the same bytes each time, and nothing in it can be changed without a trace."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.evidence.bundle import MANIFEST, SIGNATURE, read_bundle, write_bundle
from tests.core.models.keys import Pair, make_pair

FILES = {"index.html": b"<p>", "a/card.json": b"{}\n"}
ABOUT = {"task": "triage"}


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


def rezipped(raw: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The archive with its files changed, written as sftsec writes it."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


class TestWrite:
    def test_gives_the_same_bytes_again(self, pair: Pair) -> None:
        first = write_bundle(FILES, ABOUT, pair.private)
        assert first == write_bundle(dict(reversed(FILES.items())), ABOUT, pair.private)

    def test_is_read_back_whole(self) -> None:
        found = read_bundle(write_bundle(FILES, ABOUT, None))
        assert (found.files, found.about) == (FILES, ABOUT)
        assert (found.signed_by, found.signature_checked) == (None, False)

    def test_signature_is_checked_by_openssl(self, pair: Pair, tmp_path: Path) -> None:
        raw = write_bundle(FILES, ABOUT, pair.private)
        zipfile.ZipFile(io.BytesIO(raw)).extractall(tmp_path)
        command = ["openssl", "dgst", "-sha256", "-verify", str(pair.public)]
        command += ["-signature", str(tmp_path / SIGNATURE), str(tmp_path / MANIFEST)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "Verified OK\n"


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "a file": (lambda files: files.update({"index.html": b"<b>"}), "index.html is not the file"),
    "one added": (lambda files: files.update(more=b""), "more was added"),
    "one removed": (lambda files: files.pop("index.html"), "index.html was removed"),
    "no manifest": (lambda files: files.pop(MANIFEST), "no evidence of sftsec"),
    "another manifest": (lambda files: files.update({MANIFEST: b"[]"}), "no evidence of sftsec"),
    "a broken one": (lambda files: files.update({MANIFEST: b"{"}), "manifest.json is damaged"),
    "a newer one": (
        lambda files: files.update({MANIFEST: b'{"format": "sftsec.evidence", "version": 9}'}),
        "of version 9 is not read here",
    ),
    "no signature": (lambda files: files.pop(SIGNATURE), "manifest.sig was removed"),
    "another signature": (lambda files: files.update({SIGNATURE: b"0"}), "not signed by"),
}


class TestRead:
    @pytest.mark.parametrize("what", CHANGES)
    def test_names_what_was_changed(self, pair: Pair, what: str) -> None:
        change, told = CHANGES[what]
        raw = write_bundle(FILES, ABOUT, pair.private)
        with pytest.raises(IntegrityError, match=told):
            read_bundle(rezipped(raw, change), pair.public)

    @pytest.mark.parametrize("place", ["before", "behind"])
    def test_refuses_bytes_of_no_file(self, place: str) -> None:
        raw = write_bundle(FILES, ABOUT, None)
        with pytest.raises(IntegrityError, match=r"bytes that are not of its files|is damaged"):
            read_bundle(b"MZ" + raw if place == "before" else raw + b"behind")

    def test_refuses_any_flipped_byte(self, pair: Pair) -> None:
        raw = write_bundle(FILES, ABOUT, pair.private)
        unseen = []
        for place in range(len(raw)):
            try:
                read_bundle(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :], pair.public)
            except IntegrityError:
                continue
            unseen.append(place)
        assert unseen == []

    def test_refuses_a_compressed_one(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, b"0" * 10_000_000)
        with pytest.raises(IntegrityError, match="compressed"):
            read_bundle(out.getvalue())

    def test_refuses_what_is_no_archive(self) -> None:
        with pytest.raises(IntegrityError, match="damaged"):
            read_bundle(b"PK\3\4 and so on")

    def test_unsigned_one_fails_a_key(self, pair: Pair) -> None:
        with pytest.raises(IntegrityError, match="it is not signed"):
            read_bundle(write_bundle(FILES, ABOUT, None), pair.public)

    def test_another_key_fails(self, pair: Pair, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other = make_pair(tmp_path / "other")
        raw = write_bundle(FILES, ABOUT, pair.private)
        assert read_bundle(raw, pair.public).signature_checked
        with pytest.raises(IntegrityError, match="not signed by the private key of"):
            read_bundle(raw, other.public)

    def test_key_that_is_none_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"
        file.write_text("nothing")
        raw = write_bundle(FILES, ABOUT, make_pair(tmp_path).private)
        with pytest.raises(ConfigError, match="holds no public key"):
            read_bundle(raw, file)
