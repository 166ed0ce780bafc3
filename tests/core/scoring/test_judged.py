"""What is judged of a page: by uid and content, or by uid alone where no content is known."""

from __future__ import annotations

from sftsec_core.api.domain import Incident, IncidentPage, Verdict, inputs_digest
from sftsec_core.scoring.judged import JudgedInPage, judged_in_page
from sftsec_core.store.store import Store
from tests.core.scoring.parts import incident, read

PAGE = IncidentPage((incident(0, "spam"), incident(1, "spam"), incident(2, "spam")), "c")


def judge(store: Store, judged: Incident) -> None:
    store.verdicts.add("siem", [Incident(judged.uid, {}, (Verdict("ham"),))])


class TestJudged:
    def test_by_content_where_it_is_known(self, store: Store) -> None:
        digest = inputs_digest(read(PAGE.incidents[0]))
        judge(store, PAGE.incidents[0])
        store.judged_inputs.add("siem", "r", [("incident 0", digest)])
        assert judged_in_page(store, "siem", "r", PAGE) == JudgedInPage(
            contents={"incident 0": frozenset({digest})}
        )

    def test_by_uid_where_another_task_read(self, store: Store) -> None:
        judge(store, PAGE.incidents[1])
        judge(store, incident(7, "not on the page"))
        store.judged_inputs.add("siem", "other", [("incident 1", "0" * 32)])
        found = judged_in_page(store, "siem", "r", PAGE)
        assert found == JudgedInPage(uids=frozenset({"incident 1"}))
        assert judged_in_page(store, "mail", "r", PAGE) == JudgedInPage()
