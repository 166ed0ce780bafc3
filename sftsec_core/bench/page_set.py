"""A set of rendered pages, split by template family, with changed ones in test.

A family stands in one part alone. Each page of test is shown in one way of `VARIANTS`; the ways are
dealt out in turn to both labels, so that none tells the label.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.bench.page_rendering import render_pages
from sftsec_core.bench.page_templates import PageFamily, draw_family, draw_web_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

VARIANTS = ("as it is", "no logo", "recoloured", "cropped", "resized")
LABELS = ("ordinary", "phishing")
_TEST, _DEV = 0.3, 0.15  # of the families of a label
_ORDINARY_PAGES = 2  # times as many of an ordinary family: false alarms are counted on them


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One page of the set.

    Attributes:
        uid: its name.
        picture: a PNG.
        text: the document's text and address, a line each.
        label: of `LABELS`.
        family: its template.
        part: train, dev or test.
        variant: of `VARIANTS`.
    """

    uid: str
    picture: bytes
    text: str
    label: str
    family: str
    part: str
    variant: str


@dataclass(frozen=True, slots=True)
class _Planned:
    family: PageFamily
    number: int
    part: str
    variant: str


def make_page_set(families: int, pages: int, seed: int, browser: str) -> list[PageRecord]:
    """Draw templates and their pages, and render them.

    Args:
        families: templates of each label.
        pages: of each log-in family; an ordinary one has twice as many.
        seed: the only chance.
        browser: of `find_browser`.

    Raises:
        ConfigError: when the browser fails.
    """
    planned = list(_planned(families, pages, seed))
    drawn = [
        draw_web_page(each.family, each.number, seed, logo=each.variant != "no logo")
        for each in planned
    ]
    shots = render_pages([page.html for page in drawn], browser)
    return [
        _record(plan, page.url + "\n" + page.text, shot, seed)
        for plan, page, shot in zip(planned, drawn, shots, strict=True)
    ]


def _planned(families: int, pages: int, seed: int) -> Iterator[_Planned]:
    for login in (False, True):
        order = np.random.default_rng((seed, login)).permutation(families)
        for place, number in enumerate(order.tolist()):
            share = place / families
            part = "test" if share < _TEST else "dev" if share < _TEST + _DEV else "train"
            family = draw_family(number, seed, login=login)
            for page in range(pages if login else _ORDINARY_PAGES * pages):
                variant = VARIANTS[page % len(VARIANTS)] if part == "test" else VARIANTS[0]
                yield _Planned(family, page, part, variant)


def _record(plan: _Planned, text: str, shot: Image, seed: int) -> PageRecord:
    family, login = plan.family, plan.family.login
    random = np.random.default_rng((seed, family.number, login, plan.number, 1))
    out = io.BytesIO()
    changed_page(shot, plan.variant, random).save(out, "PNG", compress_level=1)
    name = f"{LABELS[login]}-{family.number}"
    return PageRecord(
        f"{name}-{plan.number}",
        out.getvalue(),
        text,
        LABELS[login],
        name,
        plan.part,
        plan.variant,
    )


def changed_page(image: Image, variant: str, random: np.random.Generator) -> Image:
    """A page recoloured, cropped or resized; as it is for any other variant."""
    width, height = image.size
    if variant == "recoloured":
        from PIL import Image as Images

        turn = int(random.integers(64, 192))
        hue, saturation, value = image.convert("HSV").split()
        hue = hue.point([(level + turn) % 256 for level in range(256)])
        return Images.merge("HSV", (hue, saturation, value)).convert("RGB")
    if variant == "cropped":
        left, top = (int(side * random.uniform(0, 0.2)) for side in (width, height))
        return image.crop((left, top, left + int(0.8 * width), top + int(0.8 * height)))
    if variant == "resized":
        share = random.uniform(0.4, 0.7)
        return image.resize((int(width * share), int(height * share)))
    return image
