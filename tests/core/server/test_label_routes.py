"""`/v1/labels` over HTTP: who may, what is answered, and how wrong requests are refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from sftsec_core.api.domain import Actor
from sftsec_core.operations.authorize import ANALYST
from sftsec_core.server import label_service
from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.label_schemas import RetractionsRequest
from sftsec_core.server.label_service import LabelService
from tests.core.server.labelling import TEXTS, TOKENS, LabelSite, label_site, mails, queued, reasons
from tests.core.server.site import Client, Reply

KEY = "0123456789abcdef"
WRONG: list[tuple[bytes, int, str]] = [
    (b"{", 400, "not JSON"),
    (b"[]", 422, "the body"),
    (b'{"verdicts": []}', 422, "verdicts"),
    (b'{"verdicts": [{"key": "K-SECRET", "id": 1, "label": "x"}]}', 422, "verdicts.0.key"),
    (b'{"verdicts": [{"key": "0123456789abcdef", "id": "1", "label": "x"}]}', 422, "0.id"),
    (b'{"verdicts": [{"key": "0123456789abcdef", "id": 1.5, "label": "x"}]}', 422, "0.id"),
    (b'{"verdicts": [{"key": "0123456789abcdef", "id": 1, "label": ""}]}', 422, "0.label"),
    (
        b'{"verdicts": [{"key": "0123456789abcdef", "id": 1, "label": "x", "analyst": "bob"}]}',
        422,
        "Extra inputs",
    ),
    (b'{"verdicts": [{"key": "0123456789abcdef", "id": 1, "label": "x"}]}', 409, "read it again"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelSite]:
    with label_site(tmp_path_factory.mktemp("site"), max_body_bytes=20_000) as made:
        yield made


@pytest.fixture
def site(served: LabelSite) -> LabelSite:
    served.reset()
    served.context.label_queue.add(mails())
    return served


@pytest.fixture
def ann(site: LabelSite) -> Client:
    return site.as_("ann")


def queue(client: Client, query: str = "") -> Any:
    reply = client.get(f"/v1/labels/queue{query}")
    assert reply.status == 200, reply.raw
    return reply.json


def judge(client: Client, place: int, label: str = "malicious", key: str = KEY) -> Reply:
    given = {"key": key, "id": place, "label": label, "reason": "seen"}
    return client.call("POST", "/v1/labels/verdicts", orjson.dumps({"verdicts": [given]}))


def retract(client: Client, *keys: str) -> Reply:
    return client.call("POST", "/v1/labels/retractions", orjson.dumps({"keys": keys}))


class TestQueue:
    def test_holds_what_an_analyst_needs(self, ann: Client) -> None:
        found = queue(ann)
        assert (found["waiting"], found["after"]) == (5, None)
        first = found["items"][0]
        assert first["fields"]["message"] == TEXTS[0][0]
        assert (first["incident"], first["copies"], first["probability"]) == ("m0", 2, 0.52)

    def test_cursor_reads_part_after_part(self, ann: Client) -> None:
        found, after = list[str](), ""
        while after is not None:
            page = queue(ann, f"?limit=2&after={after}")
            found += [each["incident"] for each in page["items"]]
            after = page["after"]
        assert found == ["m0", "m1", "m2", "m3", "m4"]

    def test_unchanged_one_costs_no_content(self, ann: Client) -> None:
        first = ann.get("/v1/labels/queue")
        again = {"If-None-Match": first.headers["etag"]}
        same = ann.call("GET", "/v1/labels/queue", None, **again)
        assert (same.status, same.raw) == (304, b"")
        judge(ann, first.json["items"][0]["id"])
        assert ann.call("GET", "/v1/labels/queue", None, **again).status == 200

    def test_long_value_is_cut_and_counted(self, site: LabelSite, ann: Client) -> None:
        site.context.label_queue.add([queued(6, "text", fields={"long": "x" * 30_000})])
        first = queue(ann)["items"][0]
        assert (len(first["fields"]["long"]), first["cut"]) == (20_000, {"long": 30_000})

    def test_says_what_the_model_goes_by(self, ann: Client) -> None:
        first, second, *_ = queue(ann)["items"]
        why = first["explanation"]
        assert (why["label"], why["against"]) == ("malicious", "benign")
        text = first["fields"]["message"]
        assert [text[slice(*each["span"])] for each in why["marks"]] == [
            each["words"] for each in why["marks"]
        ]
        assert second["explanation"] is None

    def test_cut_off_word_has_no_place(self, site: LabelSite, ann: Client) -> None:
        text = "x" * 19_998 + " evil"
        why = reasons(text, evil=1.0)
        site.context.label_queue.add([queued(6, text, explanation=why)])
        (mark,) = queue(ann)["items"][0]["explanation"]["marks"]
        assert (mark["words"], mark["span"]) == ("evil", None)

    def test_reasons_of_another_form_are_left_out(self, site: LabelSite, ann: Client) -> None:
        site.context.label_queue.add([queued(6, "hello", explanation={"words": ["hello"]})])
        first = queue(ann)["items"][0]
        assert (first["incident"], first["explanation"]) == ("m6", None)

    def test_of_long_events_comes_in_parts(self, site: LabelSite, ann: Client) -> None:
        long = {f"f{n}": "x" * 20_000 for n in range(3)}
        site.context.label_queue.add([queued(n, "text", fields=long) for n in range(100, 140)])
        found, after, parts = list[str](), "", 0
        while after is not None:
            reply = ann.get(f"/v1/labels/queue?limit=500&after={after}")
            assert len(reply.raw) < 2_200_000
            found += [each["incident"] for each in reply.json["items"]]
            after, parts = reply.json["after"], parts + 1
        assert (len(found), len(set(found)), parts) == (45, 45, 2)

    @pytest.mark.parametrize(
        ("query", "status", "told"),
        [
            ("?task=nail", 404, "did you mean 'mail'"),
            ("?after=x", 422, "after: must be a whole number"),
            ("?limit=" + "9" * 5000, 200, ""),
            ("?limit=-1", 200, ""),
        ],
    )
    def test_wrong_query_says_what_is_allowed(
        self, ann: Client, query: str, status: int, told: str
    ) -> None:
        reply = ann.get(f"/v1/labels/queue{query}")
        assert reply.status == status
        assert told in (reply.detail if told else "")


class TestVerdict:
    def test_is_the_token_owners(self, site: LabelSite, ann: Client) -> None:
        reply = judge(ann, queue(ann)["items"][0]["id"])
        (said,) = reply.json["verdicts"]
        assert (reply.status, said["analyst"], said["label"]) == (200, "ann", "malicious")
        assert site.said()["m0"] == [("ann", "phish")]
        assert queue(ann)["waiting"] == 4

    def test_is_listed_with_its_event(self, ann: Client) -> None:
        judge(ann, queue(ann)["items"][0]["id"])
        (said,) = ann.get("/v1/labels/verdicts").json["verdicts"]
        assert (said["fields"]["message"], said["reason"]) == (TEXTS[0][0], "seen")

    def test_taken_back_waits_again(self, site: LabelSite, ann: Client) -> None:
        judge(ann, queue(ann)["items"][0]["id"])
        assert retract(site.as_("bob"), KEY).status == 403
        assert retract(ann, KEY).json["verdicts"][0]["retracted"] is not None
        assert retract(ann, "f" * 16).status == 409
        assert (site.said(), queue(ann)["waiting"]) == ({}, 5)

    @pytest.mark.parametrize(("body", "status", "told"), WRONG)
    def test_wrong_one_is_refused_whole(
        self, site: LabelSite, ann: Client, body: bytes, status: int, told: str
    ) -> None:
        reply = ann.call("POST", "/v1/labels/verdicts", body)
        assert reply.status == status
        assert told in reply.detail
        assert "SECRET" not in reply.detail
        assert site.said() == {}

    def test_unknown_label_suggests_the_near_one(self, ann: Client) -> None:
        reply = judge(ann, queue(ann)["items"][0]["id"], "malicous")
        assert (reply.status, "did you mean 'malicious'" in reply.detail) == (422, True)

    def test_too_large_body_is_refused(self, ann: Client) -> None:
        assert ann.call("POST", "/v1/labels/verdicts", b" " * 20_001).status == 413

    def test_lost_place_for_it_is_told(self, site: LabelSite, ann: Client) -> None:
        folder = site.context.file.parent / "verdicts.jsonl"
        folder.mkdir()
        reply = judge(ann, queue(ann)["items"][0]["id"])
        folder.rmdir()
        assert (reply.status, "cannot be written" in reply.detail) == (502, True)
        assert judge(ann, queue(ann)["items"][0]["id"]).status == 200


ANN = Actor("ann", frozenset({ANALYST}), "test")


class TestTurn:
    def test_waits_for_others_within_bounds(
        self, site: LabelSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(label_service, "_TURN_S", 0.01)
        service = LabelService(site.context, site.context.settings.serve)
        given = RetractionsRequest(keys=[KEY])
        with service.turn(), pytest.raises(ProblemError) as busy:
            service.retract(ANN, given)
        assert busy.value.status == 503
        with pytest.raises(ProblemError, match="no such verdict"):
            service.retract(ANN, given)


class TestPermission:
    @pytest.mark.parametrize("path", ["session", "queue", "verdicts"])
    def test_is_asked_before_anything(self, site: LabelSite, path: str) -> None:
        assert site.as_(None).get(f"/v1/labels/{path}").status == 401
        refused = site.as_("splunk").get(f"/v1/labels/{path}")
        assert (refused.status, "serve.analysts" in refused.detail) == (403, True)

    def test_of_a_scoring_token_ends_there(self, site: LabelSite, ann: Client) -> None:
        place = queue(ann)["items"][0]["id"]
        assert judge(site.as_("splunk"), place).status == 403
        assert site.as_("splunk").call("POST", "/v1/labels/session").status == 403
        assert site.said() == {}


class TestSession:
    def login(self, site: LabelSite) -> str:
        reply = site.as_("ann").call("POST", "/v1/labels/session")
        assert reply.json == {
            "analyst": "ann",
            "tasks": [{"task": "mail", "labels": ["malicious", "benign"], "benign": "benign"}],
        }
        return reply.headers["set-cookie"].partition(";")[0]

    def test_stands_for_the_token(self, site: LabelSite) -> None:
        own = {"Cookie": self.login(site), "X-Sftsec-Page": "1"}
        assert site.as_(None).call("GET", "/v1/labels/queue", None, **own).status == 200
        for path in ("/v1/tasks", "/openapi.json"):  # the page's alone
            assert site.as_(None).call("GET", path, None, **own).status == 401

    def test_of_a_forged_request_has_no_effect(self, site: LabelSite, ann: Client) -> None:
        cookie, place = self.login(site), queue(ann)["items"][0]["id"]
        given = [{"key": KEY, "id": place, "label": "benign"}]
        body = orjson.dumps({"verdicts": given})
        forged = (
            {"Content-Type": "text/plain"},
            {"X-Sftsec-Page": "1", "Sec-Fetch-Site": "cross-site"},
            {"X-Sftsec-Page": "1", "Authorization": "Bearer of-another-site"},
        )
        for headers in forged:
            reply = site.as_(None).call(
                "POST", "/v1/labels/verdicts", body, Cookie=cookie, **headers
            )
            assert reply.status == 401
        assert site.said() == {}

    def test_has_no_secret_in_the_log(
        self, site: LabelSite, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            cookie = self.login(site)
            own = {"Cookie": cookie, "X-Sftsec-Page": "1"}
            for _ in range(2):  # a line is written after its answer
                site.as_(None).call("GET", "/v1/labels/queue?task=mail", None, **own)
        assert "GET /v1/labels/queue 200 events=-" in caplog.text
        assert "token=ann" in caplog.text
        assert TOKENS["ann"] not in caplog.text
        assert cookie.partition("=")[2] not in caplog.text


class TestPage:
    def test_has_headers_that_keep_others_out(self, site: LabelSite) -> None:
        reply = site.as_(None).get("/label")
        policy = reply.headers["content-security-policy"]
        for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"

    def test_file_is_sent_once(self, site: LabelSite) -> None:
        first = site.as_(None).get("/label/page.js")
        assert first.headers["content-type"] == "text/javascript; charset=utf-8"
        again = {"If-None-Match": first.headers["etag"]}
        assert site.as_(None).call("GET", "/label/page.js", None, **again).status == 304

    @pytest.mark.parametrize("path", ["/label/", "/label/../sftsec.yaml", "/label/label.html"])
    def test_other_paths_lead_nowhere(self, site: LabelSite, path: str) -> None:
        assert site.as_(None).get(path).status == 401
        assert site.as_("ann").get(path).status == 404


class TestDescription:
    def test_names_every_path(self, ann: Client) -> None:
        paths = ann.get("/openapi.json").json["paths"]
        found = {path: sorted(each) for path, each in paths.items() if "labels" in path}
        assert found == {
            "/v1/labels/session": ["delete", "get", "post"],
            "/v1/labels/queue": ["get"],
            "/v1/labels/verdicts": ["get", "post"],
            "/v1/labels/retractions": ["post"],
        }
