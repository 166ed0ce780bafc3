"""The double of splunkd: logging in, sessions, namespaces, objects and formats."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.client import RemoteDisconnected
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

_ATOM = "{http://www.w3.org/2005/Atom}"
_REST = "{http://dev.splunk.com/ns/rest}"
_SAVED = "/servicesNS/nobody/search/saved/searches"


@pytest.fixture
def splunk() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        yield double


@pytest.fixture
def caller(splunk: Splunkd) -> Caller:
    made = Caller(splunk)
    made.login()
    return made


def test_its_certificate_is_signed_by_the_authority_that_it_names() -> None:
    with start_splunkd() as splunk:
        caller = Caller(splunk)
        caller.login()
        status, answer = caller.call("GET", "/services/server/info?output_mode=json")
        assert status == 200
        assert answer["entry"][0]["content"]["version"] == "9.4.1"
        splunk.ca_file = None
        with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
            caller.call("GET", "/services/server/info")


def test_it_can_be_of_version_10() -> None:
    with start_splunkd(tls=False, version="10.0.0") as splunk:
        caller = Caller(splunk)
        caller.login()
        _, answer = caller.call("GET", "/services/server/info?output_mode=json")
        assert answer["entry"][0]["content"]["version"] == "10.0.0"
        path = "/services/properties/limits/kvstore/max_documents_per_batch_save"
        assert caller.call("GET", path) == (200, 10000)


def test_a_wrong_password_and_a_dead_session_are_refused_in_two_shapes(splunk: Splunkd) -> None:
    caller = Caller(splunk)
    form = {"username": "admin", "password": "wrong", "output_mode": "json"}
    status, answer = caller.call("POST", "/services/auth/login", form)
    assert (status, answer["messages"][0]["text"]) == (401, "Login failed")
    status, answer = caller.call("GET", "/services/server/info?output_mode=json")
    assert (status, answer["messages"][0]["type"]) == (401, "WARN")
    headers = {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}
    status, answer = caller.call("GET", "/services/server/info?output_mode=json", headers=headers)
    assert (status, answer["messages"][0]["text"]) == (401, "Unauthorized")


def test_sessions_expire_on_demand_and_by_the_clock(splunk: Splunkd, caller: Caller) -> None:
    splunk.faults.expire_after = 1
    assert caller.call("GET", "/services/messages")[0] == 200
    assert caller.call("GET", "/services/messages")[0] == 401
    caller.login()
    assert caller.call("GET", "/services/messages")[0] == 200
    splunk.clock_skew_s = 3601
    assert caller.call("GET", "/services/messages")[0] == 401


def test_a_bearer_token_outlives_the_sessions(splunk: Splunkd) -> None:
    caller = Caller(splunk, {"Authorization": f"Bearer {splunk.bearer_token()}"})
    splunk.expire_sessions()
    assert caller.call("GET", "/services/server/info")[0] == 200
    caller.headers["Authorization"] = "Bearer nonsense"
    assert caller.call("GET", "/services/server/info")[0] == 401


def test_values_are_native_in_json_and_ones_and_zeros_in_xml(caller: Caller) -> None:
    form = {"name": "mine", "search": "index=main", "is_scheduled": "0"}
    assert caller.call("POST", _SAVED, form)[0] == 201
    _, answer = caller.call("GET", f"{_SAVED}/mine?output_mode=json")
    content = answer["entry"][0]["content"]
    assert (content["is_scheduled"], content["max_concurrent"]) == (False, 1)
    _, text = caller.call("GET", f"{_SAVED}/mine")
    keys = ET.fromstring(text).iter(f"{_REST}key")  # noqa: S314 - our own double wrote it
    shown = {key.get("name"): key.text for key in keys}
    assert (shown["is_scheduled"], shown["max_concurrent"]) == ("0", "1")


def test_the_same_name_is_taken_once_and_an_unknown_argument_refused(caller: Caller) -> None:
    form = {"name": "mine", "search": "index=main"}
    assert caller.call("POST", _SAVED, form)[0] == 201
    assert caller.call("POST", _SAVED, form)[0] == 409
    status, text = caller.call("POST", f"{_SAVED}/mine", {"serch": "x"})
    assert status == 400
    assert 'Argument "serch" is not supported by this handler.' in text


def test_a_private_object_is_seen_by_its_owner_and_hides_the_shared_one(splunk: Splunkd) -> None:
    splunk.add_user("ann", "secret12", ["power"])
    admin, ann = Caller(splunk), Caller(splunk)
    admin.login()
    ann.login("ann", "secret12")
    path = "configs/conf-macros"
    form = {"name": "m", "definition": "shared"}
    assert admin.call("POST", f"/servicesNS/nobody/search/{path}", form)[0] == 201
    form["definition"] = "own"
    assert ann.call("POST", f"/servicesNS/ann/search/{path}", form)[0] == 201
    seen = [who.call("GET", f"/services/{path}/m?output_mode=json")[1] for who in (ann, admin)]
    assert [each["entry"][0]["content"]["definition"] for each in seen] == ["own", "shared"]
    _, both = admin.call("GET", f"/servicesNS/-/-/{path}/m?output_mode=json")
    assert len(both["entry"]) == 2


def test_a_user_without_the_capability_is_told_which_it_is(splunk: Splunkd) -> None:
    splunk.add_user("ann", "secret12")
    caller = Caller(splunk)
    caller.login("ann", "secret12")
    status, answer = caller.call(
        "POST", "/services/data/indexes", {"name": "x", "output_mode": "json"}
    )
    assert status == 403
    assert "requires capability: indexes_edit" in answer["messages"][0]["text"]


def test_lists_are_paged_sorted_and_filtered(caller: Caller) -> None:
    for name in ("beta", "alpha", "gamma"):
        caller.call("POST", _SAVED, {"name": name, "search": f"index={name}"})
    query = "search=search%3Dindex*a&count=1&offset=1&sort_dir=desc&output_mode=json"
    _, answer = caller.call("GET", f"{_SAVED}?{query}")
    assert [each["name"] for each in answer["entry"]] == ["beta"]
    assert answer["paging"] == {"total": 3, "perPage": 1, "offset": 1}


def test_a_secret_with_a_slash_in_its_name_is_found_by_its_own_link(caller: Caller) -> None:
    form = {"name": "us/er", "realm": "re:alm", "password": "s3cret", "output_mode": "json"}
    _, made = caller.call("POST", "/servicesNS/nobody/search/storage/passwords", form)
    entry = made["entry"][0]
    assert entry["name"] == r"re\:alm:us/er:"
    _, found = caller.call("GET", f"{entry['links']['alternate']}?output_mode=json")
    assert found["entry"][0]["content"]["clear_password"] == "s3cret"


def test_a_feed_is_atom_and_an_error_is_a_message(caller: Caller) -> None:
    _, text = caller.call("GET", "/services/data/indexes/")
    assert ET.fromstring(text).tag == f"{_ATOM}feed"  # noqa: S314 - our own double wrote it
    status, text = caller.call("GET", "/services/data/indexes/none")
    assert status == 404
    assert '<msg type="ERROR">Could not find object id=none</msg>' in text
    assert caller.call("GET", "/services/no/such/thing")[0] == 404


def test_the_connection_is_lost_and_answers_fail_on_demand(splunk: Splunkd, caller: Caller) -> None:
    splunk.faults.dropped = 1
    with pytest.raises(RemoteDisconnected):
        caller.call("GET", "/services/messages")
    splunk.faults.statuses = [503]
    assert caller.call("GET", "/services/messages")[0] == 503
    assert caller.call("GET", "/services/messages")[0] == 200


def test_a_scheduled_search_fires_its_alert_when_its_minute_has_come(
    splunk: Splunkd, caller: Caller
) -> None:
    splunk.index_event("an event", splunk.now())
    form = {"name": "each minute", "search": "index=main", "is_scheduled": "1"}
    form |= {"cron_schedule": "* * * * *", "alert.track": "1", "alert_type": "always"}
    caller.call("POST", _SAVED, form)
    path = "/services/alerts/fired_alerts/each%20minute?output_mode=json"
    assert caller.call("GET", path)[1]["entry"] == []
    splunk.clock_skew_s = 61
    caller.login()
    assert len(caller.call("GET", path)[1]["entry"]) == 1


def test_an_app_is_installed_from_its_folder(splunk: Splunkd, tmp_path: Path) -> None:
    app = tmp_path / "my_app"
    (app / "default").mkdir(parents=True)
    (app / "lookups").mkdir()
    (app / "lookups" / "people.csv").write_text("user,team\nann,soc\n")
    files = {
        "app": "[ui]\nlabel = My app\n[launcher]\nversion = 1.2.3\n",
        "collections": "[things]\nfield.n = number\n",
        "macros": "[mine]\ndefinition = index=main \\\n| head 1\niseval = 0\n",
        "savedsearches": "[each]\nsearch = `mine`\nis_scheduled = 1\n",
        "transforms": "[people]\nfilename = people.csv\n",
    }
    for name, text in files.items():
        (app / "default" / f"{name}.conf").write_text(text)
    assert splunk.install_app(app) == "my_app"
    splunk.index_event("one")
    assert len(splunk.search("search `mine`")) == 1
    assert splunk.search("| inputlookup people") == [{"user": "ann", "team": "soc"}]
    assert splunk.kv("my_app", "things") == []
    caller = Caller(splunk)
    caller.login()
    _, answer = caller.call("GET", "/services/apps/local/my_app?output_mode=json")
    assert answer["entry"][0]["content"]["version"] == "1.2.3"
    _, answer = caller.call("GET", "/services/saved/searches/each?output_mode=json")
    assert answer["entry"][0]["content"]["is_scheduled"] is True
