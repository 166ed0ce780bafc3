"""How events are named: by one field or several, within their index or everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api.domain import Detection, Verdict
from tests.connectors.splunk.notables import TRUE, made_of_ours, review
from tests.connectors.splunk.pulls import (
    AT,
    BOTH,
    LABELLED,
    UNLABELLED,
    moment,
    pulled,
    rejected,
    said,
    uids,
)
from tests.connectors.splunk.sites import Site


def both(index: str, other: str, **settings: Any) -> dict[str, Any]:
    search = f"index={index} OR index={other}"
    return {"kind": "search", "search": search, "uid": "uid", **settings}


@pytest.fixture
def other(shared_site: Site, index: str) -> str:
    """A second index."""
    shared_site.splunk.add_index(f"{index}b")
    return f"{index}b"


class TestScope:
    @pytest.mark.parametrize("more", ["", " | fields uid, subject, told"])
    def test_keeps_indices_apart(
        self, shared_site: Site, index: str, other: str, more: str
    ) -> None:
        for place, word in ((index, "bad"), (other, "good")):
            shared_site.index(place, AT, uid="7", subject="the same", told=word)
        told = both(index, other, label="told")
        told["search"] += more
        found = pulled(shared_site.connect(sources=[told]), LABELLED)
        assert sorted((each.uid, said(each)) for each in found) == [
            (f"{index}#7", [("bad", None)]),
            (f"{other}#7", [("good", None)]),
        ]

    def test_may_be_the_source(self, shared_site: Site, index: str, other: str) -> None:
        for place, word in ((index, "bad"), (other, "good")):
            shared_site.index(place, AT, uid="7", told=word)
        told = both(index, other, label="told", id_scope="source", search=f"index={index}*")
        told["search"] += " | fields uid, told"
        [incident] = pulled(shared_site.connect(sources=[told], page_size=1), LABELLED)
        assert incident.uid == "7"
        assert sorted(said(incident)) == [("bad", None), ("good", None)]

    def test_is_none_for_a_lookup(self, site: Site) -> None:
        site.splunk.lookups.files["told.csv"] = [{"uid": "one", "_time": str(AT)}]
        told = {"kind": "search", "search": "| inputlookup told.csv", "uid": "uid"}
        assert uids(site.connect(sources=[told])) == ["one"]


class TestSharedId:
    """One id, several records: each with its own verdicts."""

    def test_with_other_text_is_kept_apart(self, shared_site: Site, index: str) -> None:
        for text, word in (("first", "bad"), ("second", "good")):
            shared_site.index(index, AT, uid="7", text=text, told=word)
        told = both(index, index, label="told")
        found = pulled(shared_site.connect(sources=[told], page_size=1), LABELLED)
        assert sorted((each.fields["text"], said(each)) for each in found) == [
            ("first", [("bad", None)]),
            ("second", [("good", None)]),
        ]

    def test_again_is_one_incident(self, shared_site: Site, index: str) -> None:
        for word in ("bad", "bad", "good"):
            shared_site.index(index, AT, uid="7", text="same", told=word)
        [incident] = pulled(shared_site.connect(sources=[both(index, index, label="told")]))
        assert sorted(said(incident)) == [("bad", None), ("good", None)]

    def test_revised_is_read_again(self, shared_site: Site, index: str) -> None:
        connector = shared_site.connect(sources=[both(index, index)])
        shared_site.index(index, AT, uid="7", text="first")
        [page] = connector.pull(UNLABELLED)
        shared_site.index(index, AT, uid="7", text="revised", indexed_at=AT + 60)
        [after] = connector.pull(UNLABELLED, cursor=page.cursor)
        assert [each.fields["text"] for each in after.incidents] == ["revised"]


class TestFields:
    def test_may_be_several(self, shared_site: Site, index: str) -> None:
        parts = [("a|b", "c"), ("a", "b|c"), ("a", "%7C"), ("a", ""), (7, 8.0)]
        for number, (box, sequence) in enumerate(parts):
            shared_site.index(index, AT + number, box=box, sequence=sequence)
        told = {"kind": "search", "search": f"index={index}", "uid": ["box", "sequence"]}
        connector = shared_site.connect(sources=[{**told, "id_scope": "source"}])
        assert uids(connector) == ["a%7Cb|c", "a|b%7Cc", "a|%257C", "a|", "7|8.0"]
        assert uids(shared_site.connect(sources=[told]))[0] == f"{index}#a%7Cb|c"

    @pytest.mark.parametrize("uid", [["a", "b"], "", []])
    def test_that_name_nothing_are_counted(self, shared_site: Site, index: str, uid: Any) -> None:
        shared_site.index(index, AT, uid=uid, told="bad")
        shared_site.index(index, AT + 1, told="bad")
        name = "uid{}" if isinstance(uid, list) else "uid"
        told = both(index, index, uid=[name], label="told")
        connector = shared_site.connect(sources=[told])
        assert pulled(connector, BOTH) == []
        reasons = [each.reason for each in rejected(connector, BOTH)]
        assert reasons == [f"it has no name: {name!r} is empty, or has several values"] * 2

    def test_may_be_a_list_of_one(self, shared_site: Site, index: str) -> None:
        shared_site.index(index, AT, uid=["seven"])
        told = both(index, index, uid="uid{}")
        assert uids(shared_site.connect(sources=[told])) == [f"{index}#seven"]


class TestVerdict:
    """Verdicts on detections and requests find the events that they are about."""

    def test_on_a_detection_labels_its_event(self, site: Site) -> None:
        site.index("mail", AT, uid="7", subject="win a prize", body="all of it")
        sources = [{"kind": "notables"}, {"kind": "search", "search": "index=mail", "uid": "uid"}]
        connector = site.connect(sources=sources)
        assert uids(connector, UNLABELLED) == ["mail#7"]
        review(site, made_of_ours(site, "mail#7"), "admin", disposition=TRUE)
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, incident.fields["body"]) == ("mail#7", "all of it")
        assert said(incident) == [("true_positive", "admin")]

    def test_in_the_app_labels_its_event(self, site: Site) -> None:
        site.index("mail", AT, uid="7")
        site.splunk.add_index("web")
        site.index("web", AT, uid="7")
        told = {"kind": "search", "search": "index=mail OR index=web", "uid": "uid"}
        connector = site.connect(sources=[told])
        assert connector.add_verdicts([("web#7", Verdict("bad", "ann", moment(AT)))]) == 1
        found = [(each.uid, said(each)) for each in pulled(connector, LABELLED)]
        assert found == [("web#7", [("bad", "ann")])]
        assert uids(connector, UNLABELLED) == ["mail#7"]

    def test_on_a_detection_of_before(self, site: Site) -> None:
        """With `id_scope: source` the names of events and detections are those of before."""
        site.index("mail", AT, uid="7", body="all of it")
        told = {"kind": "search", "search": "index=mail", "uid": "uid", "id_scope": "source"}
        connector = site.connect(sources=[{"kind": "notables"}, told])
        said_before = ("mail", "m" * 64, "malicious", 0.9, 0.5)
        before = Detection("d" * 40, "7", *said_before, at=moment(AT), fields={"body": "all"})
        connector.push([before])
        assert tuple(connector.push([before]).duplicates) == (before.uid,)
        review(site, made_of_ours(site, "7"), "admin", disposition=TRUE)
        [incident] = pulled(connector, LABELLED)
        assert (incident.uid, incident.fields["body"]) == ("7", "all of it")
