"""The small charts of the status pages."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from sftsec_core.server.sparkline import sparkline

SVG = "{http://www.w3.org/2000/svg}"


def parsed(*values: float | None, bound: float | None = None) -> ElementTree.Element:
    drawn = sparkline(values, "Macro-F1 <b>", bound=bound)
    named = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    return ElementTree.fromstring(named)  # noqa: S314 - our own text


def points(drawn: ElementTree.Element) -> list[list[tuple[float, float]]]:
    lines = [each.attrib["points"].split() for each in drawn.iter(f"{SVG}polyline")]
    return [[tuple(map(float, pair.split(","))) for pair in line] for line in lines]  # type: ignore[misc]


class TestSparkline:
    def test_higher_values_stand_higher(self) -> None:
        ((one, two, three),) = points(parsed(0.5, 0.9, 0.7))
        assert one[0] < two[0] < three[0]
        assert two[1] < three[1] < one[1]

    def test_a_gap_divides_the_line(self) -> None:
        drawn = parsed(0.1, 0.2, None, 0.3, 0.4, None, 0.2)
        assert [len(line) for line in points(drawn)] == [2, 2]
        assert len(list(drawn.iter(f"{SVG}circle"))) == 2

    def test_equal_values_are_a_level_line(self) -> None:
        ((one, two),) = points(parsed(0.5, 0.5))
        assert one[1] == two[1]

    def test_a_bound_lies_within_the_picture(self) -> None:
        drawn = parsed(0.1, 0.2, bound=0.9)
        (rule,) = drawn.iter(f"{SVG}line")
        assert 0 < float(rule.attrib["y1"]) < points(drawn)[0][1][1]

    def test_says_in_words_what_it_shows(self) -> None:
        (title,) = parsed(0.5, 0.9, 0.7).iter(f"{SVG}title")
        assert title.text == "Macro-F1 <b>: 0.500 to 0.900, last 0.700"

    @pytest.mark.parametrize("values", [(), (0.5,), (None, 0.5), (None, None)])
    def test_of_fewer_than_two_values_is_empty(self, values: tuple[float | None, ...]) -> None:
        assert sparkline(values, "Macro-F1") == ""
