"""SPL as text: the pipeline's parts and the tokens of a command's arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_OPERATORS = ("<=", ">=", "!=", "==", "=", "<", ">", "(", ")", ",")
_COMMENT = re.compile(r"```.*?```", re.DOTALL)


class SplError(Exception):
    """A search that cannot be run; the text is what splunkd says of it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted string (without its quotes), an operator or a subsearch."""

    kind: Literal["word", "string", "op", "sub"]
    text: str

    def is_op(self, *texts: str) -> bool:
        return self.kind == "op" and self.text in texts

    def is_word(self, *texts: str) -> bool:
        return self.kind == "word" and self.text.upper() in texts


def split_pipeline(text: str) -> list[str]:
    """The commands of a pipeline; the first is empty where it begins with a pipe."""
    text = _COMMENT.sub(" ", text)
    return [part.strip() for part in split_top(text, "|", brackets="[]")]


def split_top(text: str, separator: str, *, brackets: str = "()[]") -> list[str]:
    """Split where the separator stands outside of quotes and brackets."""
    parts, start, depth, place = [], 0, 0, 0
    while place < len(text):
        char = text[place]
        if char == '"':
            place = closing_quote(text, place)
        elif char in brackets:
            depth += 1 if brackets.index(char) % 2 == 0 else -1
        elif char == separator and depth <= 0:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    if depth > 0:
        raise SplError("Error in 'SearchParser': Mismatched ']'." if "[" in brackets else text)
    return [*parts, text[start:]]


def closing_quote(text: str, opening: int) -> int:
    """Where the string that opens at a place is closed."""
    place = opening + 1
    while place < len(text) and text[place] != '"':
        place += 2 if text[place] == "\\" else 1
    if place >= len(text):
        raise SplError("Error in 'SearchParser': Unbalanced quotes.")
    return place


def unquote(text: str) -> str:
    r"""Without quotes; ``\"`` and ``\\`` are what they stand for, all else stays as it is."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    return text


def tokenize(text: str) -> list[Token]:
    tokens, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        token, place = _next_token(text, place)
        tokens.append(token)
    return tokens


def _next_token(text: str, place: int) -> tuple[Token, int]:
    char = text[place]
    if char == '"':
        end = closing_quote(text, place) + 1
        return Token("string", unquote(text[place:end])), end
    if char == "[":
        end = _closing_bracket(text, place)
        return Token("sub", text[place + 1 : end]), end + 1
    for operator in _OPERATORS:
        if text.startswith(operator, place):
            return Token("op", operator), place + len(operator)
    end = place
    while end < len(text) and not text[end].isspace() and text[end] not in '=<>(),"[':
        if text.startswith("!=", end):
            break
        end += 1
    # A lone character that nothing claims, such as "]", must still move on.
    end = max(end, place + 1)
    return Token("word", text[place:end]), end


def _closing_bracket(text: str, opening: int) -> int:
    depth, place = 0, opening
    while place < len(text):
        if text[place] == '"':
            place = closing_quote(text, place)
        elif text[place] == "[":
            depth += 1
        elif text[place] == "]":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    raise SplError("Error in 'SearchParser': Missing a closing ']'.")


def options_and_rest(text: str, names: tuple[str, ...]) -> tuple[dict[str, str], list[Token]]:
    """Take `name=value` of the given names out of the arguments; the other tokens stay."""
    tokens, options, rest = tokenize(text), {}, list[Token]()
    place = 0
    while place < len(tokens):
        name = tokens[place].text.lower()
        if name in names and place + 2 < len(tokens) and tokens[place + 1].is_op("="):
            options[name] = tokens[place + 2].text
            place += 3
        else:
            rest.append(tokens[place])
            place += 1
    return options, rest


def field_list(tokens: list[Token]) -> list[str]:
    """Names that commas or spaces separate."""
    return [token.text for token in tokens if not token.is_op(",")]


def truth(text: str) -> bool:
    return text.strip().lower() in {"1", "t", "true", "y", "yes"}
