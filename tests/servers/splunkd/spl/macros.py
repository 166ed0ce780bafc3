"""Search macros, between backticks."""

from __future__ import annotations

import re

from tests.servers.splunkd.spl.context import SearchContext
from tests.servers.splunkd.spl.expressions import parse_expression
from tests.servers.splunkd.spl.functions import text as text_of_value
from tests.servers.splunkd.spl.lexer import SplError, split_top, truth, unquote
from tests.servers.splunkd.spl.rows import Row

_CALL = re.compile(r"`([^`(]+?)\s*(?:\(([^`]*)\))?\s*`")
_COMMENT = re.compile(r"```.*?```", re.DOTALL)
_DEEPEST = 20
MACROS = "configs/conf-macros"


def expand(text: str, context: SearchContext, depth: int = 0) -> str:
    """Put a macro's definition in place of its call, and of those in the definition."""
    if depth > _DEEPEST:
        raise SplError("Error in 'SearchParser': Reached maximum recursion depth for macros.")
    text = _COMMENT.sub(" ", text)
    return _CALL.sub(lambda call: expand(_definition(call, context), context, depth + 1), text)


def _definition(call: re.Match[str], context: SearchContext) -> str:
    given = [unquote(each.strip()) for each in split_top(call[2], ",")] if call[2] else []
    name = f"{call[1].strip()}({len(given)})" if given else call[1].strip()
    macro = context.splunk.entities.find(MACROS, context.user, context.app, name)
    if macro is None or macro.content.get("disabled"):
        raise SplError(
            f"Error in 'SearchParser': The search specifies a macro '{name}' that cannot be found. "
            'Reasons include: the macro name is misspelled, you do not have "read" permission '
            "for the macro, or the macro has not been shared with this application. Click "
            "Settings, Advanced search, Search Macros to view macro information."
        )
    definition = str(macro.content.get("definition", ""))
    arguments = [each.strip() for each in str(macro.content.get("args", "")).split(",")]
    for argument, value in zip(arguments, given, strict=False):
        definition = definition.replace(f"${argument}$", value)
    if truth(str(macro.content.get("iseval", "0"))):
        return text_of_value(parse_expression(definition)(Row()))
    return definition
