"""What an audit of a risk tells: what was tried, how it went, what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain.reports import EvalReport

RiskOutcome = Literal["held", "warning", "failed", "not_measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskTable:
    """Figures for people, beside the words.

    Attributes:
        title: what the rows are.
        columns: the heads; the first one is of the rows' names.
        rows: a cell for each column; None where there is no figure.
        public: no cell holds a text or a value of an incident or a person's name, so that
            `sftsec evidence` may show the table outside the site. The sentences of a section are
            always shown there, with names of analysts and what stands in quotes replaced.
        texts: the first column holds words of incidents, which leave a report whose site encrypts
            its state.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    public: bool = False
    texts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSection:
    """The section of an audit of a risk, such as poisoning: the report has a chapter for them.

    The words are read by people who are no data scientists: whole sentences, with the figures.

    Attributes:
        risk: its name for people: "Poisoned verdicts".
        outcome: "held", "warning", "failed", or "not_measured" with the reason in `found`.
        tried: what the audit did.
        found: how it went.
        advice: what to do now; "" where nothing is.
        figures: JSON values by name, which voters read.
        tables: for who looks closer.
        voter: the voter that reads the figures: the report shows its vote beside the section.
    """

    risk: str
    outcome: RiskOutcome
    tried: str
    found: str
    advice: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    tables: tuple[RiskTable, ...] = ()
    voter: str = ""

    def to_json(self) -> dict[str, Any]:
        """The section as JSON values: what `AuditSpec.run` returns."""
        tables = [
            {
                **asdict(each),
                "columns": list(each.columns),
                "rows": [list(row) for row in each.rows],
            }
            for each in self.tables
        ]
        return {**asdict(self), "tables": tables}


def risk_figures(report: EvalReport, audit: str) -> Mapping[str, Any] | None:
    """The figures of a risk's section; None where the audit did not run or measured nothing."""
    section = report.sections.get(audit, {})
    if "risk" not in section or section["outcome"] == "not_measured":
        return None
    figures: Mapping[str, Any] = section["figures"]
    return figures
