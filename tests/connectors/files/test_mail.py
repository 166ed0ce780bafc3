"""Mail as it comes: encoded, in parts, broken and hostile."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from sftsec_core.api.domain import PullWindow
from sftsec_files.errors import SourceError
from tests.connectors.files.helpers import pages, pull, write

PLAIN = b"""Return-Path: <bounce@evil.example>
Received: from a by b; Mon, 05 Jan 2026 08:00:00 +0000
Received: from c by a; Mon, 05 Jan 2026 07:59:00 +0000
From: "Your Bank" <support@bank.example>
Reply-To: collect@evil.example
To: ann@corp.example, Bob <bob@corp.example>
Subject: =?utf-8?q?Verify_your_acc=C3=B6unt?=
Date: Mon, 05 Jan 2026 09:00:00 +0100
Message-ID: <1@evil.example>
Content-Type: text/plain; charset=iso-8859-1

Gr\xfc\xdfe, click http://evil.example
"""
PARTS = b"""From: a@x.example
Subject: invoice
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="B"

--B
Content-Type: multipart/alternative; boundary="A"

--A
Content-Type: text/plain

see the page
--A
Content-Type: text/html; charset=utf-8

<p>see the <a href="http://evil.example/x">page</a></p>
--A--
--B
Content-Type: application/zip
Content-Disposition: attachment; filename="=?utf-8?q?Rech=C3=A4nung=2Ezip?="
Content-Transfer-Encoding: base64

UEsDBA==
--B
Content-Type: message/rfc822

From: b@x.example
Subject: inner

forwarded text
--B--
"""


class TestEml:
    def test_has_the_fields_of_ecs(self, tmp_path: Path) -> None:
        [found], rejected = pull(write(tmp_path / "a.eml", PLAIN))
        assert rejected == []
        assert found.at == datetime(2026, 1, 5, 8, tzinfo=UTC)
        assert dict(found.fields) == {
            "@timestamp": "2026-01-05T08:00:00+00:00",
            "email.origination_timestamp": "2026-01-05T08:00:00+00:00",
            "email.from.address": "support@bank.example",
            "email.from.name": "Your Bank",
            "email.reply_to.address": "collect@evil.example",
            "email.return_path.address": "bounce@evil.example",
            "email.to.address": ["ann@corp.example", "bob@corp.example"],
            "email.subject": "Verify your accöunt",
            "email.message_id": "<1@evil.example>",
            "email.received.count": 2,
            "email.content_type": "text/plain",
            "message": "Grüße, click http://evil.example",
        }

    def test_brings_texts_links_and_attachments(self, tmp_path: Path) -> None:
        [found], _ = pull(write(tmp_path / "a.eml", PARTS))
        assert found.fields["message"] == "see the page\n\nforwarded text"
        assert found.fields["email.links"] == ["http://evil.example/x"]
        assert found.fields["email.attachments.file.name"] == ["Rechänung.zip"]
        assert found.fields["email.attachments.file.mime_type"] == ["application/zip"]

    def test_html_alone_becomes_text(self, tmp_path: Path) -> None:
        raw = b"Subject: s\nContent-Type: text/html\n\n<p>one<br>two</p><a href='u'>x</a>"
        [found], _ = pull(write(tmp_path / "a.eml", raw))
        assert (found.fields["message"], found.fields["email.links"]) == ("one\ntwo\nx", ["u"])

    def test_needs_no_suffix_where_set(self, tmp_path: Path) -> None:
        for name in ("0001.aa8f9", "0002"):
            write(tmp_path / name, b"From x@y.example  Mon Jan 5 2026\n", PLAIN, name.encode())
        with pytest.raises(SourceError, match="set `format: eml`"):
            pull(tmp_path)
        found, rejected = pull(tmp_path, format="eml")
        assert (len(found), rejected) == (2, [])

    def test_is_read_once(self, tmp_path: Path) -> None:
        for number in range(5):
            write(tmp_path / f"{number}.eml", PLAIN.replace(b"<1@", b"<%d@" % number))
        every = pages(tmp_path, page_size=2, id="email.message_id")
        assert [len(page.incidents) for page in every] == [2, 2, 1]
        rest = pages(tmp_path, page_size=2, id="email.message_id", cursor=every[0].cursor)
        assert [page.incidents for page in rest] == [page.incidents for page in every[1:]]
        write(tmp_path / "1.eml", PLAIN + b"more\n")
        [again] = pages(tmp_path, id="email.message_id", cursor=every[-1].cursor)
        assert len(again.incidents) == 1


class TestBrokenMail:
    @pytest.mark.parametrize(
        "header",
        [
            b"Date: yesterday",
            b"Date: Mon, 99 Foo 2026",
            b"Date: Mon, 05 Jan 2096 09:00:00 +0100",
            b"From: <<<>>>, @, ;;",
            b"To: =?utf-8?b?!!!?=",
            b"Content-Type: ;;;",
            b"Content-Type: text/plain; charset=no-such",
            b"Content-Type: text/plain; charset*=x''ascii",
            b"Content-Type: text/plain; charset=a\0b",
            b"Content-Type: multipart/mixed",
            b"Content-Disposition: attachment; filename*=x'y",
            b"Content-Transfer-Encoding: base64",
            b"Message-ID: <",
            b"X: \xff\xfe",
        ],
    )
    def test_comes_without_the_broken_part(self, header: bytes, tmp_path: Path) -> None:
        [found], rejected = pull(write(tmp_path / "a.eml", b"Subject: s\n", header, b"\n\nbody"))
        assert rejected == []
        assert found.fields["email.subject"] == "s"
        orjson.dumps(dict(found.fields))

    @pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
    def test_bare_bytes_are_read(self, encoding: str, tmp_path: Path) -> None:
        raw = "Subject: Grüße\n\nnaïve".encode(encoding)
        [found], _ = pull(write(tmp_path / "a.eml", raw))
        assert (found.fields["email.subject"], found.fields["message"]) == ("Grüße", "naïve")

    @pytest.mark.parametrize("raw", [b"", b"\0\1\2" * 99, b"just text\n", b"{}"])
    def test_what_is_none_is_counted(self, raw: bytes, tmp_path: Path) -> None:
        found, [rejected] = pull(write(tmp_path / "a.eml", raw))
        assert found == []
        assert "not a mail" in rejected.reason
        assert rejected.digest

    def test_length_and_depth_are_bounded(self, tmp_path: Path) -> None:
        write(tmp_path / "a.eml", b"Subject: s\n\n", b"x" * 5000)
        deep = b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(90)
        )
        write(tmp_path / "b.eml", b"Subject: s\n", deep)
        _, rejected = pull(tmp_path, max_record_bytes=4999)
        assert ["max_record_bytes" in one.reason or "nest" in one.reason for one in rejected] == [
            True,
            True,
        ]

    def test_random_damage_ends_no_pull(self, tmp_path: Path) -> None:
        drawn = random.Random(7)  # noqa: S311 - a seed, so that each run is the same
        for number in range(150):
            raw = bytearray(PARTS if number % 2 else PLAIN)
            for _ in range(drawn.randrange(1, 40)):
                raw[drawn.randrange(len(raw))] = drawn.randrange(256)
            write(tmp_path / f"{number}.eml", bytes(raw))
        found, rejected = pull(tmp_path)
        assert len(found) + len(rejected) == 150
        orjson.dumps([dict(one.fields) for one in found])


class TestMbox:
    def test_holds_many_mails(self, tmp_path: Path) -> None:
        mails = [b"From x@y Mon Jan 5\n" + PLAIN.replace(b"<1@", b"<%d@" % n) for n in range(3)]
        mails.insert(1, b"From x\n" + b"Subject: q\n\n>From the start\nFrom here on\n")
        mails.append(b"From x\nno mail\n")
        found, rejected = pull(write(tmp_path / "a.mbox", b"\n".join(mails)))
        assert [one.fields.get("email.message_id") for one in found] == [
            *("<0@evil.example>", None, "<1@evil.example>", "<2@evil.example>")
        ]
        assert found[1].fields["message"] == "From the start\nFrom here on"
        assert [one.where.rpartition(":")[2] for one in rejected] == ["5"]

    def test_long_mail_is_not_kept(self, tmp_path: Path) -> None:
        long = b"From x\nSubject: long\n\n" + b"line\n" * 9000 + b"\n"
        found, rejected = pull(
            write(tmp_path / "a.mbox", long, b"From x\n", PLAIN), max_record_bytes=4000
        )
        assert (len(found), len(rejected)) == (1, 1)


class TestLabelOfFolder:
    def test_is_the_nearest_or_the_top(self, tmp_path: Path) -> None:
        for name in ("phishing/2026/a.eml", "ham/b.eml"):
            (tmp_path / name).parent.mkdir(parents=True)
            write(tmp_path / name, PLAIN, name.encode())
        labelled = PullWindow(labelled=True, fields=("message",))
        by_top, _ = pull(tmp_path, window=labelled, label_from="top_folder")
        assert [one.verdicts[0].value for one in by_top] == ["ham", "phishing"]
        nearest, _ = pull(tmp_path, window=labelled, label_from="folder")
        assert [one.verdicts[0].value for one in nearest] == ["ham", "2026"]
        given = (tmp_path / "ham", tmp_path / "phishing")
        found, _ = pull(*given, window=labelled, label_from="top_folder")
        assert [one.verdicts[0].value for one in found] == ["ham", "2026"]
        assert pull(tmp_path, window=labelled) == ([], [])
