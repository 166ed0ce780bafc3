"""Why a model decided as it did: signed contributions of words and fields, and a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_TEXT = 600  # characters of an explanation in words
MOST_WORDS = 80  # characters of one attribution's words


@dataclass(frozen=True, slots=True)
class Attribution:
    """What one piece of the inputs adds to the log-odds of a class.

    Attributes:
        input: the field that the piece is of; the input's name where it is of no single field.
        words: the piece for people, bounded, control characters visible: "-enc", "count: 4000".
        contribution: natural log-odds; above 0 it speaks for the class.
        span: first character and one past the last, in code points, in the field's value as it was
            shown to the model (`Detection.fields` has it); None for what is no text.
    """

    input: str
    words: str
    contribution: float
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled incident that is like the one that is explained.

    Attributes:
        uid: the incident's.
        label: what it is called.
        similarity: cosine, -1 to 1.
        analysts: those on whom its label rests, as the task's steps write their names.
    """

    uid: str
    label: str
    similarity: float
    analysts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a model decided on a label.

    Attributes:
        label: the class that positive contributions speak for.
        against: the class that negative ones speak for.
        method: how it was found: "exact", "gradients", "occlusion", or a plugin's own.
        text: in words that an analyst reads, at most 600 characters.
        attributions: the pieces that say most, the strongest first, whatever their sign.
        neighbours: labelled incidents that are most like it, the most like first.
        flip: the words without which the decision is another one, fewest first; () where none of
            those that were tried changes it.
        flipped: the label that it would have without them.
    """

    label: str
    against: str
    method: str
    text: str
    attributions: tuple[Attribution, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    flip: tuple[str, ...] = ()
    flipped: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def contributions(self) -> list[dict[str, Any]]:
        """The attributions as an event of a SIEM holds them: input, words, figure, and span."""
        found = list[dict[str, Any]]()
        for each in self.attributions:
            place = {} if each.span is None else {"start": each.span[0], "end": each.span[1]}
            figure = round(each.contribution, 4)
            found.append({"input": each.input, "words": each.words, "contribution": figure} | place)
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError: when it holds something else.
        """
        given = dict(value)
        return cls(
            **{
                **given,
                "attributions": tuple(map(attribution_from_json, given["attributions"])),
                "neighbours": tuple(
                    Neighbour(**{**each, "analysts": tuple(each["analysts"])})
                    for each in given["neighbours"]
                ),
                "flip": tuple(given["flip"]),
            }
        )


def attribution_from_json(value: Mapping[str, Any]) -> Attribution:
    """Read what `dataclasses.asdict` made of an attribution.

    Raises:
        KeyError, TypeError: when it holds something else.
    """
    span = value["span"]
    return Attribution(**{**value, "span": None if span is None else (span[0], span[1])})


def visible(text: str, most: int = MOST_WORDS) -> str:
    r"""Show a text on one line: what does not print as `\x1b` or `\u202e`, at most so long.

    Control characters, bidirectional marks, characters of no width and lone surrogates are among
    what does not print: a reader must see them, and a terminal must not obey them.
    """
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text[: most + 1]
    )
    return (
        shown
        if len(shown) <= most and len(text) <= most
        else shown[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    )
