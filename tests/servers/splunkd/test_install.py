"""An app from its folder."""

from __future__ import annotations

from pathlib import Path

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.state import Splunkd


class TestInstall:
    def test_reads_the_configuration_of_an_app(self, splunk: Splunkd, tmp_path: Path) -> None:
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
