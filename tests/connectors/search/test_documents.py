"""From a hit to a record: identity, time, fields, and what cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sftsec_core.api.domain import Incident, PullWindow, Rejection
from sftsec_core.sdk.verdict_join import SourceRecord
from sftsec_search.config import IndexSource, SearchConfig
from sftsec_search.documents import HitMapper, place_of, uid_of
from sftsec_search.sources import LabelledIndex

EIGHT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def mapper(*fields: str, **options: Any) -> HitMapper:
    config = SearchConfig.model_validate({"url": "https://siem.example:9200", **options})
    source = LabelledIndex(IndexSource(index="mail", label="verdict"), config.times)
    return HitMapper(config, PullWindow(fields=fields), source)


def hit(**source: Any) -> dict[str, Any]:
    return {"_index": "mail-000001", "_id": "a/b", "_source": source}


def read(made: HitMapper, **source: Any) -> SourceRecord:
    found = made.read(hit(**source))
    assert isinstance(found, SourceRecord)
    return found


def rejected(made: HitMapper, **source: Any) -> Rejection:
    found = made.read(hit(**source))
    assert isinstance(found, Rejection)
    return found


class TestName:
    def test_keeps_slashes_of_an_id(self) -> None:
        assert place_of(uid_of("mail-000001", "a/b")) == ("mail-000001", "a/b")

    @pytest.mark.parametrize("uid", ["", "mail", "/a", "mail/"])
    def test_needs_index_and_id(self, uid: str) -> None:
        with pytest.raises(ValueError, match="is not INDEX/ID"):
            place_of(uid)


class TestRecord:
    def test_has_flat_fields_without_verdicts(self) -> None:
        source = {"process": {"name": "x"}, "verdict": "spam", "tags": ["t"], "empty": None}
        found = read(mapper(), **{"@timestamp": "2026-01-05T08:00:00Z"}, **source)
        assert found.incident.uid == "mail-000001/a/b"
        assert found.incident.at == EIGHT
        fields = {"@timestamp": "2026-01-05T08:00:00Z", "process.name": "x"}
        assert dict(found.incident.fields) == fields
        assert [each.value for each in found.incident.verdicts] == ["spam"]
        assert found.about is None

    def test_with_two_values_is_refused(self) -> None:
        found = rejected(mapper(), **{"process.name": "x", "process": {"name": "y"}})
        assert found.reason == "'process.name' is there twice, nested and under its dotted name"
        assert found.where == "mail-000001/a/b"

    @pytest.mark.parametrize("word", [1.0, 1, ["1"], [1.0]])
    def test_has_whole_numbers_for_verdicts(self, word: object) -> None:
        [verdict] = read(mapper(), verdict=word).incident.verdicts
        assert verdict.value == "1"
        assert read(mapper(), verdict=float("nan")).incident.verdicts == ()

    def test_takes_the_first_of_several_times(self) -> None:
        assert read(mapper(), **{"@timestamp": [1767600000000, 0]}).incident.at == EIGHT
        assert read(mapper(), **{"@timestamp": []}).incident.at is None

    def test_may_be_about_another_document(self) -> None:
        ours = {"source": {"index": "mail-000002", "id": "c"}, "incident": {"uid": "one@siem"}}
        assert read(mapper(), sftsec=ours).about is None, "any document may say so"
        record = mapper().read(hit(sftsec=ours), own=True)
        assert isinstance(record, SourceRecord)
        assert record.about == "mail-000002/c"
        record = mapper().read(hit(sftsec={"incident": {"uid": "one@siem"}}), own=True)
        assert isinstance(record, SourceRecord)
        assert record.about == "one@siem"

    def test_asks_only_for_what_it_reads(self) -> None:
        asked = mapper("message", "@timestamp").includes
        assert asked == [
            "message",
            "@timestamp",
            "verdict",
            "sftsec",
            "kibana.alert.ancestors",
        ]
        assert mapper().includes is None


class TestRejection:
    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ({"message": "ü" * 40}, "'message' has 80 bytes, more than max_field_bytes (64)"),
            ({"a": {"b": {"c": 1}}}, "nested deeper than max_depth"),
            ({"@timestamp": "soon"}, "@timestamp"),
            ({"verdict": {"word": ["x"]}, "a": {"b": {"c": 1}}}, "nested deeper than max_depth"),
        ],
    )
    def test_names_the_reason_and_the_document(self, source: dict[str, Any], reason: str) -> None:
        found = rejected(mapper(max_field_bytes=64, max_depth=2), **source)
        assert found.where == "mail-000001/a/b"
        assert reason in found.reason

    def test_has_a_digest_of_the_content(self) -> None:
        limited = mapper(max_field_bytes=64)
        one = rejected(limited, a="x", message="m" * 65)
        assert one.digest == rejected(limited, message="m" * 65, a="x").digest
        assert one.digest != rejected(limited, a="y", message="m" * 65).digest
        assert len(one.digest) == 64

    def test_of_the_deepest_document_has_none(self) -> None:
        deep: dict[str, Any] = {}
        for _ in range(400):
            deep = {"a": deep}
        assert rejected(mapper(), **deep).digest == ""


class TestCarriedEvent:
    def test_is_read_from_its_detection(self) -> None:
        source = {
            "index": "mail-000002",
            "id": "c",
            "timestamp": "2026-01-05T08:00:00Z",
            "fields": {"message": "redacted", "host": {"name": "h"}},
        }
        detection = mapper().read(hit(verdict="spam", sftsec={"source": source}), own=True)
        assert isinstance(detection, SourceRecord)
        carried = mapper().carried(detection)
        fields = {"message": "redacted", "host.name": "h"}
        verdicts = detection.incident.verdicts
        assert carried == Incident("mail-000002/c", fields, verdicts, EIGHT)
        assert dict(mapper("message").carried(detection).fields) == {"message": "redacted"}


class TestTime:
    @pytest.mark.parametrize(
        "written",
        [
            *("1767600000000", 1767600000000, ["2026-01-05T08:00:00Z"], "2026/01/05 08:00:00"),
            "Jan 5, 2026 @ 08:00:00.000",
        ],
    )
    def test_is_read_in_usual_forms(self, written: object) -> None:
        assert read(mapper(), **{"@timestamp": written}).incident.at == EIGHT

    @pytest.mark.parametrize("written", ["05/01/2026 08:00", "1612-12-12", "soon", True])
    def test_that_is_not_believed_is_rejected(self, written: object) -> None:
        assert rejected(mapper(), **{"@timestamp": written}).reason.startswith("'@timestamp' is ")

    def test_may_have_a_format_and_zone(self) -> None:
        options = {"time_format": ["iso", "%d/%m/%Y %H:%M"], "timezone": "Europe/Berlin"}
        made = mapper(**options)
        assert read(made, **{"@timestamp": "05/01/2026 09:00"}).incident.at == EIGHT
        assert read(made, **{"@timestamp": "2026-01-05T08:00:00Z"}).incident.at == EIGHT
