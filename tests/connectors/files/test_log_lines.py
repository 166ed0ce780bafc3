"""Lines of CEF, LEEF and syslog as their fields, and any other line as a text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.sdk.times import TimeReader
from sftsec_files.log_lines import parse_line
from tests.connectors.files.helpers import pages, pull, texts, write

CEF = (
    "CEF:0|Acme|Fire\\|wall|1.2|100|Port scan from outside|7|src=10.0.0.1 msg=a \\= b and c\\nd "
    "rt=1735689600000 cs1=true positive cs1Label=Verdict cs2Label=Unset request=http://x/?a=b&c=d"
)
LEEF = "LEEF:1.0|Acme|Vault|2|login|sev=3\tusrName=kim lee\tsrc=10.0.0.1\treason="


def parse(line: str) -> dict[str, object]:
    return parse_line(line, TimeReader())


class TestCef:
    def test_gives_header_and_extension(self) -> None:
        assert parse(CEF) == {
            "@timestamp": "1735689600000",
            "deviceVendor": "Acme",
            "deviceProduct": "Fire|wall",
            "deviceVersion": "1.2",
            "deviceEventClassId": "100",
            "name": "Port scan from outside",
            "severity": "7",
            "src": "10.0.0.1",
            "msg": "a = b and c\nd",
            "rt": "1735689600000",
            "Verdict": "true positive",
            "cs2Label": "Unset",
            "request": "http://x/?a=b&c=d",
        }

    @pytest.mark.parametrize("header", ["<134>", "Jan  5 08:00:00 fw1 ", "<13>1 - fw1 - - - - "])
    def test_is_found_after_a_header(self, header: str) -> None:
        assert parse(header + CEF) == parse(CEF)

    def test_may_lack_values_of_its_header(self) -> None:
        found = parse("CEF:0||Check|Product|Check|Log|Log|Unknown|act=Accept app=HTTPS")
        assert (found["deviceProduct"], found["act"], found["app"]) == ("Check", "Accept", "HTTPS")

    def test_may_have_no_extension(self) -> None:
        assert parse("CEF:0|Acme|F|1|100|Scan|7|")["severity"] == "7"
        assert parse("quoted: CEF:0|Acme|F") == {"message": "quoted: CEF:0|Acme|F"}

    def test_leaves_out_a_time_it_cannot_read(self) -> None:
        found = parse("CEF:0|A|B|1|1|n|5|rt=yesterday start=Jan 05 2026 08:00:00 msg=m")
        assert (found["@timestamp"], found["rt"]) == ("Jan 05 2026 08:00:00", "yesterday")


class TestLeef:
    def test_gives_header_and_pairs(self) -> None:
        assert parse(LEEF) == {
            "deviceVendor": "Acme",
            "deviceProduct": "Vault",
            "deviceVersion": "2",
            "eventId": "login",
            "sev": "3",
            "usrName": "kim lee",
            "src": "10.0.0.1",
        }

    @pytest.mark.parametrize(
        ("named", "mark"), [("^", "^"), ("x09", "\t"), ("0x7c", "|"), ("", "\t")]
    )
    def test_may_name_its_delimiter(self, named: str, mark: str) -> None:
        found = parse(f"LEEF:2.0|A|B|1|e|{named}|a=x y{mark}b=z")
        assert (found["a"], found["b"]) == ("x y", "z")

    def test_may_put_spaces_between_pairs(self) -> None:
        found = parse("LEEF:1.0|A|B|1|e|a=x y b=z")
        assert (found["a"], found["b"]) == ("x y", "z")


class TestPairs:
    def test_give_the_fields_of_a_firewall(self) -> None:
        line = (
            '<189>date=2026-01-05 time=08:00:01 devname="fw 1" tz="+0100" msg="a \\"b\\" = c" '
            "user= action=deny"
        )
        assert parse(line) == {
            "@timestamp": "2026-01-05T08:00:01+0100",
            "start": "2026-01-05T08:00:01+0100",
            "date": "2026-01-05",
            "time": "08:00:01",
            "devname": "fw 1",
            "tz": "+0100",
            "msg": 'a "b" = c',
            "action": "deny",
        }

    @pytest.mark.parametrize(
        "line",
        [
            "a=1 b=2 c=3 d=4",
            "action=pass reason=client certificate is not known to us a=1 b=2 c=3 d=4",
            "GET /x?a=1&b=2&c=3&d=4&e=5",
        ],
    )
    def test_are_nearly_all_of_a_line(self, line: str) -> None:
        assert parse(line) == {"message": line}

    def test_give_the_time_that_is_read(self) -> None:
        found = parse("time=08:00 eventtime=1767600000000000000 a=1 b=2 c=3")
        assert found["@timestamp"] == "1767600000000000000"


class TestSyslog:
    def test_of_rfc5424_gives_its_header(self) -> None:
        line = '<34>1 2026-01-05T08:00:00Z web1 sshd 42 ID7 [a@1 b="x \\] y"] Failed password'
        assert parse(line) == {
            "@timestamp": "2026-01-05T08:00:00Z",
            "host.name": "web1",
            "process.name": "sshd",
            "process.pid": "42",
            "message": "Failed password",
        }

    def test_of_rfc3164_has_no_year(self) -> None:
        assert parse("<34>Jan  5 08:00:00 web1 sshd[42]: Failed password") == {
            "host.name": "web1",
            "process.name": "sshd",
            "process.pid": "42",
            "message": "Failed password",
        }

    def test_may_carry_an_object(self) -> None:
        assert parse('<13>Jan  5 08:00:00 ids1 suricata: {"event_type": "alert"}') == {
            "event_type": "alert"
        }

    @pytest.mark.parametrize("line", ["GET /index.html 200", "{no JSON", "<134>only text"])
    def test_is_not_required(self, line: str) -> None:
        assert parse(line) == {"message": line.removeprefix("<134>")}


class TestFile:
    def test_has_a_record_a_line(self, tmp_path: Path) -> None:
        raw = f"\ufeff{CEF}\n\n{LEEF}\r\n".encode()
        found, rejected = pull(write(tmp_path / "a.log", raw), label="Verdict")
        assert not rejected
        assert [one.fields["deviceProduct"] for one in found] == ["Fire|wall", "Vault"]
        assert [v.value for v in found[0].verdicts] == ["true positive"]
        assert found[0].at == datetime(2025, 1, 1, tzinfo=UTC)

    def test_is_read_on_when_appended(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.txt", b"one\ntwo\n")
        first = pages(path, format="lines")
        path.write_bytes(path.read_bytes() + b"three\n")
        second = pages(path, format="lines", cursor=first[-1].cursor)
        assert [texts(page.incidents) for page in (*first, *second)] == [["one", "two"], ["three"]]

    def test_of_another_encoding_names_the_remedy(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.log", "<1>gr\u00fcn\n".encode("cp1252"))
        _, (refused,) = pull(path)
        assert "encoding: cp1252" in refused.reason
        found, _ = pull(path, encoding="cp1252")
        assert texts(found) == ["gr\u00fcn"]
