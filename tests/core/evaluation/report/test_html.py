from __future__ import annotations

import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sftsec_core.api.domain import (
    Attribution,
    Decision,
    EvalReport,
    Explanation,
    Interval,
    LeakCheck,
    RiskSection,
    RiskTable,
    Split,
    Vote,
    risk_figures,
)
from sftsec_core.dataset.labelling.summary import Collision, FunctionSummary
from sftsec_core.evaluation.evaluate import add_sections
from sftsec_core.evaluation.report.html import (
    confused_pairs,
    figure,
    headline,
    render_report,
    visible,
    write_report,
)
from sftsec_core.evaluation.report.json import from_json, to_json, without_texts
from tests.core.evaluation.rote_models import BINARY, TECHNIQUES, examples, report_of, split_of

PAYLOAD = (
    "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>{{ 7*7 }}\u202e"
)


CUT = "\N{HORIZONTAL ELLIPSIS}"
APPROVED = Decision(True, (Vote("no_leak", True, "clean"), Vote("few", True, "thin", warning=True)))


REFUSED = Decision(False, (Vote("no_leak", False, "3 <b>leaks</b>"), Vote("other", True, "fine")))


CARD = {"caveats_and_recommendations": ["One <i>limit</i>."], "versions": {"python": "3.12"}}


class Page(HTMLParser):
    """Collects tags, references and text outside of styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> EvalReport:
    return report_of(
        split=split_of(text=PAYLOAD, n=200), skills=(1.0, 1.0), data={PAYLOAD: PAYLOAD}
    )


class TestUntrustedText:
    def test_payload_comes_out_inert(self) -> None:
        html = render_report(hostile(), REFUSED, CARD)
        page = Page(html)
        assert {"script", "iframe", "object", "embed", "link", "base", "form"}.isdisjoint(page.tags)
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "{{ 7*7 }}" in page.text
        assert "3 <b>leaks</b>" in page.text
        assert "\u202e" not in html
        assert "\\u202e" in page.text

    @pytest.mark.parametrize("task", [BINARY, TECHNIQUES])
    def test_page_requests_nothing(self, task: object) -> None:
        report = report_of(TECHNIQUES, split_of(TECHNIQUES)) if task is TECHNIQUES else hostile()
        html = render_report(report, APPROVED, CARD)
        page = Page(html)
        fetching = {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}
        targets = [value for name, value in page.attributes if name in fetching]
        assert targets
        assert all(target.startswith(("#", "data:image/png;base64,")) for target in targets)
        assert "@import" not in html
        assert not re.search(r"url\((?!#)", html)
        policies = [v for name, v in page.attributes if name == "content" and "default-src" in v]
        assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]

    def test_is_cut_at_two_hundred_characters(self) -> None:
        assert len(visible("A" * 5000)) == 200
        assert len(visible("\x00" * 5000)) == 200
        assert visible("a\x1b[31m\u2066b") == "a\\u001b[31m\\u2066b"

    def test_in_audits_and_leaks_is_inert(self) -> None:
        leaks = LeakCheck(checked=True, texts=2, examples=("texts: '<b>e1</b>' (test and train)",))
        report = replace(
            add_sections(report_of(), {"drift": {"population_stability": 0.25, "why": PAYLOAD}}),
            leaks=leaks,
        )
        html = render_report(report, REFUSED)
        text = " ".join(Page(html).text.split())
        assert "Audits" in text
        assert re.search(r"population stability ?0\.25", text)
        assert "'<b>e1</b>' (test and train)" in text
        assert "<b>e1</b>" not in html
        assert "<script>" not in html
        assert "Audits" not in Page(render_report(report_of())).text


class TestPage:
    def test_same_report_gives_same_bytes(self, tmp_path: Path) -> None:
        report = hostile()
        for name, given in (("a", report), ("b", report), ("c", from_json(to_json(report)))):
            write_report(given, APPROVED, CARD, tmp_path / name)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()

    def test_references_meet_one_unique_id(self) -> None:
        page = Page(render_report(hostile(), APPROVED, CARD))
        ids = [value for name, value in page.attributes if name == "id"]
        assert len(ids) == len(set(ids))
        links = {v[1:] for n, v in page.attributes if n in {"href", "xlink:href"} and v[0] == "#"}
        clips = {v[5:-1] for n, v in page.attributes if n == "clip-path"}
        assert links | clips <= set(ids)

    def test_metric_of_the_task_has_its_row(self) -> None:
        found = {"linear": {"value": 0.123, "low": 0.1, "high": 0.2}}
        report = report_of(data={"metric": {"name": "average_precision", "differences": found}})
        text = " ".join(Page(render_report(report, APPROVED, CARD)).text.split())
        assert "by which they are compared: the candidate minus this model, points +12.3" in text

    def test_every_part_of_the_report_is_there(self) -> None:
        report = report_of()
        text = " ".join(Page(render_report(report, APPROVED, CARD)).text.split())
        for part in (
            *(
                "The promotion gate",
                "Models side by side",
                "Curves",
                "Threshold",
                "Classes",
                "Calibration",
            ),
            *("Worst errors", "Data", "Limits and versions", "python", "One <i>limit</i>."),
            *("Alerts a day", "False-positive rate (log scale)"),
        ):
            assert part in text, part
        assert "thin" in text

    @pytest.mark.parametrize(
        ("dev", "test"), [([0, 1], [0]), ([], [0, 1]), ([], [1]), ([0, 1], [1, 1])]
    )
    def test_degenerate_reports_still_render(self, dev: list[int], test: list[int]) -> None:
        split = Split(examples("train", [0, 1]), examples("dev", dev), examples("test", test))
        text = Page(render_report(report_of(split=split), REFUSED, {})).text
        assert "\N{EN DASH}" in text
        assert "nan" not in text.split()


class TestGate:
    def test_names_idle_voters_in_one_row(self) -> None:
        idle = (Vote("a", True, "abstained", abstained=True), Vote("b", True, "", abstained=True))
        decision = replace(APPROVED, votes=(*APPROVED.votes, *idle))
        text = Page(render_report(report_of(), decision)).text
        assert "Nothing to judge: a, b" in text
        assert text.count("abstained") == 1


class TestData:
    def test_shows_the_whole_of_lists_of_facts(self) -> None:
        told = {
            "transforms": [{"name": "augment", "notes": {f"note {n}": n for n in range(60)}}],
            "span": [None, None],
            "unmapped": {},
        }
        text = " ".join(Page(render_report(report_of(data=told))).text.split())
        assert "note 5959" in text
        assert "spannot known" in text
        assert "unmappednone" in text


FUNCTION = FunctionSummary(
    *("feed<", "verdict_of", 1200, 0.4, 0.1, 0.05, 45, 50, 0.9, 0.8, 0.97, 0.5, True),
    note="knows one label",
    labels=300,
)
LABELLING = {
    **{"added": 300, "left_out_by_dev": 0, "labelled": {"benign": 100, "phishing": 200}},
    "dev": {"before": 0.8, "after": 0.85},
    "functions": [
        FUNCTION.to_json(),
        replace(FUNCTION, name="idle", used=False, why_not="no better than chance").to_json(),
    ],
    "collisions": [asdict(Collision("feed<", "idle", 30, 3, 0.91))],
}


class TestLabellingFunctions:
    def test_stand_in_a_table(self) -> None:
        html = render_report(report_of(data={"labelling_functions": LABELLING}))
        text = " ".join(Page(html).text.split())
        for words in (
            "feed<verdict of1,20040.0%5.0% 90.0%80.0% to 97.0% of 50300 yesknows one label",
            "idle",
            "no: no better than chance",
            "feed< and idle on 30 (3 differently, correlation 0.91).",
            "80.0% without these labels, 85.0% with them.",
            "learned from 300 labels",
        ):
            assert words in text, words
        assert "labelling functions</dt>" not in html


class TestWorstErrors:
    WHY = Explanation(
        "benign",
        "phishing",
        "exact",
        "because of `<b>`",
        (Attribution("text", "<b>", 1.5, (0, 3)), Attribution("text", "late", -0.5, (198, 230))),
    )

    def report(self) -> EvalReport:
        report = report_of(skills=(1.0, 1.0))
        text = f"<b> \u202e{'x' * 195}{CUT}"
        error = replace(report.worst_errors[0], text=text)
        return replace(report, worst_errors=(replace(error, explanation=self.WHY),))

    def test_mark_the_words_that_decided(self) -> None:
        html = render_report(self.report())
        assert '<mark class="for" title="+1.50">&lt;b&gt;<sup>+</sup></mark> \\u202e' in html
        assert f'<mark class="against" title="-0.50">xx<sup>\u2212</sup></mark>{CUT}' in html
        assert "because of <code>&lt;b&gt;</code>" in html

    def test_explanation_survives_the_json_file(self) -> None:
        report = self.report()
        assert from_json(to_json(report)).worst_errors == report.worst_errors
        assert without_texts(report, "gone").worst_errors[0].explanation is None


class TestHeadline:
    def test_says_approved_or_rejected_with_reason(self) -> None:
        report = report_of()
        assert headline(report, REFUSED) == "no_leak: 3 <b>leaks</b>."
        assert headline(report, APPROVED).startswith("2 votes in favour, none against, 1 warning")
        assert "points against the linear baseline" in headline(report, APPROVED)
        assert headline(report, None).startswith("The model was not put to the promotion gate")
        text = Page(render_report(report, REFUSED)).text
        assert text.index("Rejected") < text.index("no_leak") < text.index("The promotion gate")


class TestFigures:
    def test_of_many_classes_are_confused_pairs(self) -> None:
        report = report_of(TECHNIQUES, split_of(TECHNIQUES, 400), skills=(1.5, 1.0))
        text = Page(render_report(report)).text
        assert "Most confused" in text
        pairs = confused_pairs(report)
        assert len(pairs) == 15
        assert [n for _, _, n, _ in pairs] == sorted((n for _, _, n, _ in pairs), reverse=True)
        assert pairs[0][0] in text


def test_figure_without_rows_is_no_number() -> None:
    assert figure(Interval(None), "tpr_at_fpr_0.001") == "not measurable"
    assert figure(Interval(0.5), "tpr_at_fpr_0.001") == "50.0%"
    assert "not measurable" in render_report(report_of())


class TestHead:
    def test_names_model_run_and_time(self) -> None:
        card = {"model_details": {"run": "20260131T120000-1a2b3c4d", "created_at": WHEN}}
        text = Page(
            render_report(report_of(), APPROVED, card, model="0123456789ab" + "f" * 52)
        ).text
        assert (
            "model 0123456789ab, run 20260131T120000-1a2b3c4d, began 2026-01-31 12:00 UTC" in text
        )
        assert "began" not in Page(render_report(report_of())).text

    def test_names_the_recipe_rejected_first(self) -> None:
        why = "lora: beats_baseline: <b>1.2</b> points below"
        html = render_report(report_of(data={"refused_first": why}), APPROVED, CARD)
        head = Page(html.split("<nav>")[0]).text
        assert f"Rejected first: {why}" in " ".join(head.split())
        assert Page(html).text.count("<b>1.2</b>") == 1


WHEN = "2026-01-31T12:00:05+00:00"


class TestRisks:
    SECTION = RiskSection(
        risk="Disguise",
        outcome="failed",
        tried="Each attack was <b>rewritten</b> 50 times.",
        found="A third is no longer found.",
        advice="Turn canonicalisation on.",
        figures={"recall": 0.62},
        tables=(
            RiskTable(
                title="By attack",
                columns=("Attack", "Recall", "Rows"),
                rows=(("homoglyphs", 0.62, 1200), ("<i>case</i>", None, 3)),
            ),
        ),
    )

    def test_say_what_was_tried_and_found(self) -> None:
        report = add_sections(report_of(), {"disguise": self.SECTION.to_json()})
        page = Page(render_report(report))
        for words in (
            *("Risks", "What was tried", "Each attack was <b>rewritten</b> 50 times."),
            *("A third is no longer found.", "Turn canonicalisation on.", "failed"),
            *("homoglyphs", "0.62", "1,200", "<i>case</i>", "\N{EN DASH}"),
        ):
            assert words in page.text
        assert ("href", "#risks") in page.attributes
        assert "audits" not in dict(page.attributes).values()

    def test_survive_the_json_file(self) -> None:
        report = add_sections(report_of(), {"disguise": self.SECTION.to_json()})
        assert risk_figures(from_json(to_json(report)), "disguise") == {"recall": 0.62}
        assert risk_figures(report, "another") is None

    def test_stand_the_most_serious_first(self) -> None:
        outcomes = ("held", "not_measured", "warning", "failed")
        sections = {
            each: {**self.SECTION.to_json(), "risk": f"risk {each}", "outcome": each, "advice": ""}
            for each in outcomes
        }
        text = Page(render_report(add_sections(report_of(), sections))).text
        # First in the overview, then each with its section.
        found = [text.index(f"risk {each}") for each in reversed(outcomes)]
        assert found == sorted(found)
        assert text.count("What to do") == 2, "once in the overview, and where it held"
        assert text.count("Nothing.") == 2

    def test_set_commands_as_code(self) -> None:
        section = {**self.SECTION.to_json(), "advice": "Run `sftsec <x>`, then `y"}
        page = render_report(add_sections(report_of(), {"disguise": section}))
        assert "Run <code>sftsec &lt;x&gt;</code>, then `y" in page

    def test_show_the_vote_of_their_voter(self) -> None:
        section = {**self.SECTION.to_json(), "voter": "no_leak"}
        report = add_sections(report_of(), {"disguise": section})
        text = " ".join(Page(render_report(report, REFUSED)).text.split())
        assert "Promotion gaterejects the model: 3 <b>leaks</b> (no_leak)" in text
        assert "Promotion gate" not in Page(render_report(report)).text

    def test_set_texts_where_encryption_removes_them(self) -> None:
        table = RiskTable(title="t", columns=("word", "rows"), rows=(("zq<", 3),), texts=True)
        section = replace(self.SECTION, tables=(table,)).to_json()
        report = add_sections(report_of(), {"disguise": section})
        assert '<td class="text">zq&lt;</td><td class="n">3</td>' in render_report(report)
        assert "zq" not in to_json(without_texts(report, "gone"))

    def test_without_an_audit_are_no_chapter(self) -> None:
        assert ("href", "#risks") not in Page(render_report(report_of())).attributes
