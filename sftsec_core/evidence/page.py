"""The pages of an archive: what is in it and what is missing, the datasheet, the model card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader

from sftsec_core.evaluation.report import html

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATES = (Path(__file__).parent / "templates", Path(html.__file__).parent / "templates")
STATUS = {
    "answered": ("there", "good"),
    "partly": ("in part", "warn"),
    "missing": ("missing", "bad"),
    "organisation": ("yours to give", ""),
}


def render_index(about: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    """The first page.

    Args:
        about: what the manifest says of the model and the run.
        table: what `items.map_requirements` made.
    """
    statuses = [row["status"] for each in table["frameworks"] for row in each["rows"]]
    counts = {words: statuses.count(status) for status, (words, _) in STATUS.items()}
    missing = [item for item in table["items"] if not item["present"]]
    return _page("index", about=about, table=table, counts=counts, missing=missing, status=STATUS)


def render_datasheet(sheet: Mapping[str, Any]) -> str:
    """The datasheet for people."""
    return _page("datasheet", sheet=sheet)


def render_card(card: Mapping[str, Any]) -> str:
    """The model card for people."""
    return _page("card", card=card)


def _page(name: str, **given: Any) -> str:  # noqa: ANN401 - what a template takes
    environment: Environment = html.page_environment(_TEMPLATES[0])
    environment.loader = FileSystemLoader(_TEMPLATES)
    environment.filters["spelled_out"] = html.spelled_out
    text: str = environment.get_template(f"{name}.html.j2").render(**given)
    return text
