"""Objects: made once, private or shared, listed in pages."""

from __future__ import annotations

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd

_SAVED = "/servicesNS/nobody/search/saved/searches"


class TestObjects:
    def test_a_name_is_taken_once(self, caller: Caller) -> None:
        form = {"name": "mine", "search": "index=main"}
        assert caller.call("POST", _SAVED, form)[0] == 201
        assert caller.call("POST", _SAVED, form)[0] == 409
        status, text = caller.call("POST", f"{_SAVED}/mine", {"serch": "x"})
        assert status == 400
        assert 'Argument "serch" is not supported by this handler.' in text

    def test_a_private_one_hides_the_shared_one(self, splunk: Splunkd) -> None:
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

    def test_lists_are_paged_sorted_and_filtered(self, caller: Caller) -> None:
        for name in ("beta", "alpha", "gamma"):
            caller.call("POST", _SAVED, {"name": name, "search": f"index={name}"})
        query = "search=search%3Dindex*a&count=1&offset=1&sort_dir=desc&output_mode=json"
        _, answer = caller.call("GET", f"{_SAVED}?{query}")
        assert [each["name"] for each in answer["entry"]] == ["beta"]
        assert answer["paging"] == {"total": 3, "perPage": 1, "offset": 1}
