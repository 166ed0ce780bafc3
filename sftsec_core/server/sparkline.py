"""A small line chart as SVG, drawn on the server: the pages' policy allows no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

_WIDTH, _HEIGHT, _EDGE = 220, 44, 5
Point = tuple[float, float]


def sparkline(values: Sequence[float | None], name: str, *, bound: float | None = None) -> str:
    """Draw values from the oldest to the newest.

    Args:
        values: None leaves a gap.
        name: what is shown; part of the text for those who do not see it.
        bound: a level to mark.

    Returns:
        An `svg` element; "" where fewer than two values are known.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    levels = [*known, *([] if bound is None else [bound])]
    low, high = min(levels), max(levels)

    def height(value: float) -> float:
        share = 0.5 if high == low else (value - low) / (high - low)
        return _HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE)

    step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    points = [
        None if value is None else (_EDGE + place * step, height(value))
        for place, value in enumerate(values)
    ]
    said = f"{name}: {min(known):.3f} to {max(known):.3f}, last {known[-1]:.3f}"
    return (
        f'<svg class="spark" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}"><title>{escape(said)}</title>'
        f"{'' if bound is None else _rule(height(bound))}{''.join(_lines(points))}"
        f"{_mark([point for point in points if point is not None][-1])}</svg>"
    )


def _lines(points: Sequence[Point | None]) -> Iterator[str]:
    """A line for each stretch without a gap; a point that stands alone is a dot."""
    stretch: list[Point] = []
    for point in [*points, None]:
        if point is not None:
            stretch.append(point)
            continue
        if len(stretch) > 1:
            drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in stretch)
            yield f'<polyline points="{drawn}"/>'
        elif stretch:
            yield _mark(stretch[0])
        stretch = []


def _mark(point: Point) -> str:
    return f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="3"/>'


def _rule(y: float) -> str:
    return f'<line class="bound" x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
