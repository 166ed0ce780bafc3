"""Names in a data set of several connectors: two incidents never get the same one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sftsec_core.dataset.sources import abroad_uid, at_home, scoped_uid, unscoped

NAMES = st.text(min_size=1).filter(lambda name: ":" not in name)


class TestName:
    @settings(max_examples=30, deadline=None)
    @given(connector=NAMES, uid=st.text())
    def test_tells_connector_and_uid_apart(self, connector: str, uid: str) -> None:
        assert unscoped(scoped_uid(connector, uid)) == (connector, uid)

    @settings(max_examples=30, deadline=None)
    @given(connector=st.text().filter(lambda name: "@" not in name), uid=st.text())
    def test_abroad_leads_back_home(self, connector: str, uid: str) -> None:
        assert at_home(abroad_uid(uid, connector)) == (connector, uid)

    def test_of_one_connector_is_the_uid(self) -> None:
        assert scoped_uid("", "crowd:1") == "crowd:1"
