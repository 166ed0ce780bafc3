"""The forms that sites have for times, fields, names and words, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from sftsec_core.api.domain import Incident, PullWindow
from sftsec_core.api.errors import ConnectorError
from sftsec_search.connector import SearchConnector
from tests.connectors.search.sites import Site, ids, incidents, own_site, pages

EIGHT = datetime(2026, 1, 5, 8, tzinfo=UTC)
AT = "2026-01-05T08:00:00Z"
SCORING, TRAINING, ALL = PullWindow(labelled=False), PullWindow(labelled=True), PullWindow()
OF_JANUARY = PullWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), True)
KEYWORD = {"type": "keyword"}
Documents = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module", params=["elastic", "opensearch"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """One site for all: each test has indices of its own on it."""
    fixture = {"elastic": "elasticsearch_server", "opensearch": "opensearch_server"}[request.param]
    with own_site(request.param, request.getfixturevalue(fixture)) as own:
        yield own


def planted(site: Site, documents: Documents, **properties: Any) -> str:
    """An index of these fields; what else is in a document is kept and not indexed."""
    index = site.name("in")
    mappings = {"dynamic": False, "properties": properties}
    site.make_index(index, mappings, number_of_shards=1)
    site.plant(index, documents)
    return index


def connect(site: Site, index: str, **source: Any) -> SearchConnector:
    given = {"kind": "index", "index": index, "label": "said", **source}
    return site.connect(sources=[given], setup=False)


def pull(
    site: Site, index: str, window: PullWindow = TRAINING, **source: Any
) -> tuple[dict[str, Incident], dict[str, str]]:
    """The incidents and the reasons of what was rejected, by `_id`."""
    found = pages(connect(site, index, **source), window)
    rejected = [each for page in found for each in page.rejected]
    assert len(incidents(found)) == len(set(ids(found)))
    return (
        {each.uid.partition("/")[2]: each for each in incidents(found)},
        {each.where.partition("/")[2]: each.reason for each in rejected},
    )


GOOD = {
    "ms text": "1767600000123",
    "ms": 1767600000123,
    "us text": "1767600000123456",
    "us": 1767600000123456,
    "ns text": "1767600000123456789",
    "ns": 1767600000123456789,
    "s": 1767600000,
    "points": "05.01.2026 08:00:00",
    "Log Analytics": "1/5/2026, 8:00:00.000 AM",
    "list": ["2026-01-05T08:00:00Z"],
    "list of a number": [1767600000123],
}
BAD = {"1612": "1612-12-12T00:00:00Z", "1970": 1767600, "soon": "soon", "2999": "2999-01-01"}


class TestTime:
    @pytest.mark.parametrize("window", [TRAINING, OF_JANUARY], ids=["all", "January"])
    @pytest.mark.parametrize("kind", ["text", "keyword", None])
    def test_is_read_from_any_form(self, site: Site, kind: str | None, window: PullWindow) -> None:
        mapped = {} if kind is None else {"@timestamp": {"type": kind}}
        forms: Mapping[str, Any] = GOOD | BAD
        documents = {name: {"@timestamp": form, "said": "x"} for name, form in forms.items()}
        if kind is None and window.since:
            mapped = {"@timestamp": {"type": "text"}}  # one that is not mapped is in no window
        index = planted(site, documents, said=KEYWORD, **mapped)
        found, rejected = pull(site, index, window)
        times = {name: each.at and each.at.replace(microsecond=0) for name, each in found.items()}
        assert times == dict.fromkeys(GOOD, EIGHT)
        assert rejected.keys() == BAD.keys()

    def test_of_a_verdict_is_read_too(self, site: Site) -> None:
        forms: Mapping[str, Any] = GOOD | BAD
        documents = {
            name: {"@timestamp": AT, "said": "x", "when": form} for name, form in forms.items()
        }
        index = planted(site, documents, said=KEYWORD)
        found, rejected = pull(site, index, verdict_time="when")
        times = {name: each.verdicts[0].at for name, each in found.items()}
        assert {name: at and at.replace(microsecond=0) for name, at in times.items()} == (
            dict.fromkeys(GOOD, EIGHT)
        )
        assert rejected.keys() == BAD.keys()

    @pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
    @pytest.mark.parametrize("kind", ["long", "double"])
    def test_may_be_a_number_in_the_mapping(self, site: Site, kind: str, unit: int) -> None:
        seconds = int(EIGHT.timestamp())
        documents = {f"d{n}": {"@timestamp": (seconds + 60 * n) * unit} for n in range(5)}
        documents["later"] = {"@timestamp": (seconds + 10**9) * unit}
        index = planted(site, documents, **{"@timestamp": {"type": kind}})
        connector = connect(site, index)
        found = pages(connector, SCORING)
        assert ids(found) == [f"d{n}" for n in range(5)]
        site.plant(index, {"d5": {"@timestamp": (seconds + 300) * unit}})
        assert ids(pages(connector, SCORING, found[-1].cursor)) == ["d5"]
        assert not [line for line in connector.check() if index in line]

    def test_in_text_gives_no_order(self, site: Site) -> None:
        index = planted(site, {"a": {"@timestamp": AT}}, **{"@timestamp": {"type": "text"}})
        with pytest.raises(ConnectorError, match="no order to score in: map it as a date"):
            pull(site, index, SCORING)

    def test_in_text_needs_arrivals(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        event = {"properties": {"ingested": {"type": "date"}}}
        documents: Documents = {
            "a": {"@timestamp": "05.01.2026 08:00", "event": {"ingested": AT}},
            "b": {"@timestamp": "05.01.2026 08:00"},
        }
        index = planted(site, documents, event=event, **{"@timestamp": {"type": "text"}})
        found, _ = pull(site, index, SCORING)
        assert {name: each.at for name, each in found.items()} == {"a": EIGHT}
        assert "1 documents are not scored" in caplog.text

    def test_after_tomorrow_is_counted(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        times = {"now": 1767600000123, "us": 1767600000123456, "2999": "2999-01-01"}
        documents = {name: {"@timestamp": at} for name, at in times.items()}
        index = planted(site, documents, **{"@timestamp": {"type": "date"}})
        assert pull(site, index, SCORING)[0].keys() == {"now"}
        assert f"2 documents of {index} have a @timestamp later than tomorrow" in caplog.text


class TestField:
    def test_is_brought_as_it_is(self, site: Site) -> None:
        documents: Documents = {
            "object": {"body": {"b": 1, "a": "x"}},
            "objects": {"alerts": [{"title": "one"}, {"title": "two"}, {"other": 3}]},
            "list": {"body": ["only"]},
            "both": {"body.text": "same", "body": {"text": "same"}},
            "differ": {"body.text": "one", "body": {"text": "two"}},
            "none": {"other": 1},
        }
        told = {name: {"@timestamp": AT, "said": "x", **each} for name, each in documents.items()}
        index = planted(site, told, said=KEYWORD)
        fields = ("body", "body.text", "alerts.title")
        found, rejected = pull(site, index, PullWindow(labelled=True, fields=fields))
        assert {name: dict(each.fields) for name, each in found.items()} == {
            "object": {"body": {"a": "x", "b": 1}},
            "objects": {"alerts.title": "one\ntwo"},
            "list": {"body": ["only"]},
            "both": {"body": {"text": "same"}, "body.text": "same"},
            "none": {},
        }
        assert rejected == {
            "differ": "'body.text' is there twice, nested and under its dotted name"
        }

    def test_may_have_another_name(self, site: Site) -> None:
        documents: Documents = {
            "a": {"Subject Line": "Hello", "Final Verdict": "spam", "Seen At": AT},
            "b": {"email": {"subject": "Hi"}, "Final Verdict": ["ham"], "Seen At": AT},
            "c": {"email.subject": "1", "Subject Line": "2", "Final Verdict": "x", "Seen At": AT},
        }
        index = planted(site, documents, **{"Final Verdict": KEYWORD, "Seen At": {"type": "date"}})
        names = {"email.subject": "Subject Line", "said": "Final Verdict", "at": "Seen At"}
        for fields in ((), ("email.subject",)):
            window = PullWindow(OF_JANUARY.since, OF_JANUARY.until, True, fields=fields)
            found, rejected = pull(site, index, window, rename=names, timestamp="at")
            assert [(each.fields["email.subject"], each.at) for each in found.values()] == [
                ("Hello", EIGHT), ("Hi", EIGHT)
            ]  # fmt: skip
            assert [each.verdicts[0].value for each in found.values()] == ["spam", "ham"]
            assert not {"said", "Final Verdict"} & {n for e in found.values() for n in e.fields}
            assert list(rejected) == ["c"]
        connector = connect(site, index, rename=names, timestamp="at")
        with pytest.raises(ConnectorError, match="'said' holds what analysts said"):
            pages(connector, PullWindow(fields=("said",)))

    def test_may_be_renamed_for_all_sources(self, site: Site) -> None:
        index = planted(
            site, {"a": {"Text": "x", "@timestamp": AT}}, **{"@timestamp": {"type": "date"}}
        )
        sources = [{"kind": "index", "index": index}]
        connector = site.connect(sources=sources, setup=False, rename={"message": "Text"})
        [found] = incidents(pages(connector))
        assert found.fields["message"] == "x"


class TestVerdictWord:
    WORDS: ClassVar[dict[str, Any]] = {
        "as it is": "True Positive",
        "dashed": "true-positive",
        "upper": "TRUE_POSITIVE",
        "list": ["truepositive"],
        "short": "TP",
        "other": "Benign Positive",
        "unlisted": "blubb",
    }
    NONE: ClassVar[dict[str, Any]] = {"empty": "", "nan": "nan", "none": None, "NaNs": ["NaN"]}

    @pytest.mark.parametrize("kind", ["keyword", "text"])
    def test_is_chosen_in_any_spelling(self, site: Site, kind: str) -> None:
        words = self.WORDS | self.NONE
        documents = {name: {"@timestamp": AT, "said": word} for name, word in words.items()}
        at = {"@timestamp": {"type": "date"}}
        index = planted(site, documents, said={"type": kind}, **at)
        found, _ = pull(site, index)
        assert found.keys() == self.WORDS.keys()
        assert pull(site, index, SCORING)[0].keys() == self.NONE.keys()
        chosen = {"true positive": "bad", "tp": "bad", "benign_positive": "good"}
        found, _ = pull(site, index, values=chosen)
        said = {name: [verdict.value for verdict in each.verdicts] for name, each in found.items()}
        bad = ("as it is", "dashed", "upper", "list", "short")
        assert said == {name: ["bad"] for name in bad} | {"other": ["good"]}
        assert pull(site, index, SCORING, values=chosen)[0].keys() == {*self.NONE, "unlisted"}

    @pytest.mark.parametrize("kind", ["long", "double"])
    def test_may_be_a_number(self, site: Site, kind: str) -> None:
        words = {"one": 1, "float": 1.0, "list": [1.0], "zero": 0, "none": None}
        documents = {name: {"@timestamp": AT, "said": word} for name, word in words.items()}
        index = planted(site, documents, said={"type": kind}, **{"@timestamp": {"type": "date"}})
        found, _ = pull(site, index)
        said = {name: each.verdicts[0].value for name, each in found.items()}
        assert said == {"one": "1", "float": "1", "list": "1", "zero": "0"}
        found, _ = pull(site, index, values={"1": "bad", "malicious": "bad"})
        assert found.keys() == {"one", "float", "list"}
        assert pull(site, index, SCORING)[0].keys() == {"none"}

    def test_that_is_an_object_is_rejected(self, site: Site) -> None:
        documents: Documents = {
            "object": {"said": {"word": "x"}},
            "objects": {"said": [{"word": "x"}]},
            "none": {},
        }
        told = {name: {"@timestamp": AT, **each} for name, each in documents.items()}
        index = planted(
            site, told, said={"properties": {"word": KEYWORD}}, **{"@timestamp": {"type": "date"}}
        )
        for window in (TRAINING, SCORING):
            found, rejected = pull(site, index, window)
            assert list(found) == (["none"] if window is SCORING else [])
            assert rejected == {
                "object": "'said' holds an object, not a verdict",
                "objects": "'said' holds a dict, not a verdict",
            }
        [line] = [line for line in connect(site, index).check() if index in line]
        assert line.endswith("is an object, which is no verdict; it has: said.word")

    def test_may_be_mapped_by_some_indices(self, site: Site) -> None:
        name, at = site.name("some"), {"@timestamp": {"type": "date"}}
        for part, said in (("a", {"said": KEYWORD}), ("b", {}), ("c", {"said": {"type": "long"}})):
            site.make_index(f"{name}-{part}", {"dynamic": False, "properties": at | said})
            site.plant(f"{name}-{part}", {f"{part}1": {"@timestamp": AT}})
        site.plant(f"{name}-a", {"word": {"@timestamp": AT, "said": "1.0"}})
        site.plant(f"{name}-c", {"number": {"@timestamp": AT, "said": 1}})
        found, _ = pull(site, f"{name}-*", values={"1": "bad"})
        assert found.keys() == {"word", "number"}
        assert pull(site, f"{name}-*", SCORING)[0].keys() == {"a1", "b1", "c1"}


class TestIdentity:
    def test_is_of_index_and_id(self, site: Site) -> None:
        name, at = site.name("twin"), {"type": "date"}
        for part, text in (("a", "one"), ("b", "two")):
            index = f"{name}-{part}"
            site.make_index(index, {"properties": {"@timestamp": at, "said": KEYWORD}})
            site.plant(index, {"same": {"@timestamp": AT, "said": part, "message": text}})
        found = incidents(pages(connect(site, f"{name}-*"), TRAINING))
        told = {each.uid: (each.fields["message"], each.verdicts[0].value) for each in found}
        assert told == {f"{name}-a/same": ("one", "a"), f"{name}-b/same": ("two", "b")}

    def test_stays_when_a_document_is_replaced(self, site: Site) -> None:
        at = {"@timestamp": {"type": "date"}}
        first = {"@timestamp": AT, "said": "spam", "when": AT, "message": "one"}
        index = planted(site, {"a": first}, said=KEYWORD, **at)
        before, _ = pull(site, index, verdict_time="when")
        site.plant(index, {"a": first})
        assert pull(site, index, verdict_time="when")[0] == before
        site.plant(index, {"a": first | {"said": "ham", "when": "2026-01-06T08:00:00Z"}})
        [revised] = pull(site, index, verdict_time="when")[0].values()
        assert revised.uid == before["a"].uid
        assert [verdict.value for verdict in revised.verdicts] == ["ham"]


class TestMessage:
    @pytest.mark.parametrize(
        ("index", "said"),
        [
            ("far:mail-*", "there is no remote cluster 'far': connect it, or correct `sources`"),
            ("far:mail", "there is no remote cluster 'far': connect it, or correct `sources`"),
            ("mail-none", "there is no index 'mail-none' (any more): correct `sources`"),
            ("logs*,-*,mail-none", "there is no index 'logs*,-*,mail-none' (any more)"),
        ],
    )
    def test_names_what_is_missing(self, site: Site, index: str, said: str) -> None:
        with pytest.raises(ConnectorError) as error:
            pull(site, index, ALL)
        assert said in str(error.value)
        [line] = [line for line in connect(site, index).check() if "correct `sources`" in line]
        assert said in line or line.startswith(f"the source {index!r} does not exist")

    def test_names_an_alias_of_nothing(self, site: Site) -> None:
        index = planted(site, {})
        site.call("PUT", f"/{index}/_alias/{index}-now")
        assert pull(site, f"{index}-now", ALL) == ({}, {})
        site.call("DELETE", f"/{index}")
        with pytest.raises(ConnectorError, match=f"there is no index '{index}-now'"):
            pull(site, f"{index}-now", ALL)

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ({"label": "verdcit.word"}, "has 'verdcit.word': did you mean 'verdict.word'?"),
            ({"label": "word"}, "has 'word': did you mean 'verdict.word'?"),
            ({"label": "verdict"}, "an object, which is no verdict; it has: verdict.word"),
            ({"label": "verdict.word", "verdict_time": "seen_att"}, "did you mean 'seen_at'?"),
            (
                {"label": None, "timestamp": "seen"},
                "no date field: set `timestamp`; there are: seen_at",
            ),
        ],
    )
    def test_names_a_wrong_field(self, site: Site, source: dict[str, Any], said: str) -> None:
        verdict = {"properties": {"word": KEYWORD}}
        index = planted(site, {}, verdict=verdict, seen_at={"type": "date"})
        given = {"timestamp": "seen_at", **source}
        [line] = [line for line in connect(site, index, **given).check() if index in line]
        assert said in line
