"""What files of unknown suffix hold, by how they begin."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sftsec_files.config import FilesConfig
from sftsec_files.errors import SourceError
from sftsec_files.kinds import begins_as_log, probable_encoding, probable_format
from tests.connectors.files.helpers import pull, write

MAIL = b"Return-Path: <a@example.org>\nSubject: hello\n\ntext\n"


def probable(path: Path) -> str | None:
    return probable_format(FilesConfig(paths=(path,)))


class TestLog:
    @pytest.mark.parametrize(
        "line", [b"CEF:0|a|b|c|d|e|5|x=1", b"x LEEF:2.0|a|b|c|d|", b"<134>Jan  5 08:00:00 h text"]
    )
    def test_is_known_by_its_lines(self, line: bytes, tmp_path: Path) -> None:
        plain = write(tmp_path / "a.log", b"# a heading\n\n", line)
        packed = write(tmp_path / "a.log.gz", gzip.compress(line))
        assert begins_as_log(plain)
        assert begins_as_log(packed)
        assert len(pull(packed)[0]) == 1

    @pytest.mark.parametrize("raw", [b"2026-01-05 INFO started\n", b"", b"<1>\0binary"])
    def test_is_not_what_may_be_anything(self, raw: bytes, tmp_path: Path) -> None:
        path = write(tmp_path / "a.log", raw)
        assert not begins_as_log(path)
        with pytest.raises(SourceError, match="`format: lines` reads any text"):
            pull(path)


class TestProbableFormat:
    def test_of_mails_without_a_suffix(self, tmp_path: Path) -> None:
        for number in range(3):
            write(tmp_path / f"{number:05}.7c53336b37003a9286aba55d2945844c", MAIL)
        assert probable(tmp_path) == "eml"
        with pytest.raises(SourceError, match="begin as mails: set `format: eml`"):
            pull(tmp_path)
        write(tmp_path / "0", b"From x Mon Jan  5 08:00:00 2026\n", MAIL)
        assert probable(tmp_path) == "eml"

    def test_of_a_mailbox(self, tmp_path: Path) -> None:
        mail = b"From x Mon Jan  5 08:00:00 2026\n" + MAIL
        assert probable(write(tmp_path / "inbox", mail, b"\n", mail)) == "mbox"

    def test_of_text_logs(self, tmp_path: Path) -> None:
        assert probable(write(tmp_path / "app.log", b"2026-01-05 INFO started\n")) == "lines"
        assert probable(write(tmp_path / "auth", b"Jan  5 08:00:00 web1 sshd[4]: x\n")) == "lines"

    def test_of_other_files_is_unknown(self, tmp_path: Path) -> None:
        write(tmp_path / "a.docx", b"x\n")
        assert probable(tmp_path) is None
        write(tmp_path / "b", MAIL)
        assert probable(tmp_path) is None
        empty = tmp_path / "empty"
        empty.mkdir()
        assert probable(empty) is None


class TestProbableEncoding:
    @pytest.mark.parametrize(
        ("raw", "encoding"),
        [
            ("gr\u00fc\u00dfe aus K\u00f6ln, 5 \u20ac, heute".encode("cp1252"), "cp1252"),
            ("gr\u00fc\u00dfe".encode(), None),
            ("\ufeffgr\u00fc\u00dfe".encode("utf-16-le"), None),
            (b"text", None),
            ("\u7121\u6599\u306e\u8acb\u6c42\u66f8".encode("shift_jis"), None),
            (b"\x81\x8d\x8f\x90 text", None),
        ],
    )
    def test_is_windows_where_it_reads_words(
        self, raw: bytes, encoding: str | None, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "a.csv", b"id,message\n1,", raw, b"\n")
        assert probable_encoding(FilesConfig(paths=(path,))) == encoding
