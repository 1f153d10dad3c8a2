"""`when` conditions: Jinja expressions, checked at load and turned into closures.

They are parsed and checked as templates are, with the same filters, but never become code: what a
condition needs is small, and three-valued logic needs an evaluator of its own.

What is missing is unknown: an optional field that the model left out, an ordering of things that
have none, a field of null. `and`, `or` and `not` treat unknown as SQL does, and a condition that
comes out unknown does not hold. So `output.score < 3` and `not output.urgent` are both false
where the field is missing; ask `output.urgent is not defined` to tell the cases apart.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from router.compiler.evaluation import MISSING, Comparison, Expression
from router.compiler.hints import name_hint
from router.compiler.problems import Problem, Refused

__all__ = ["compile_condition"]

MAX_LENGTH = 2_000


def compile_condition(source: str, names: Collection[str] | None) -> Expression:
    """Check and compile a condition over the given names; None lets any name pass.

    Raises:
        Refused: `condition-syntax` for what cannot be read or is not available,
            `condition-unknown-name` for names that do not exist.
    """
    if len(source) > MAX_LENGTH:
        message = f"a condition has at most {MAX_LENGTH} characters"
        raise Refused([Problem("condition-syntax", message, 1, 1, 1)])
    expression = _simple(source) or _general(source)
    unknown = expression.names.difference(names) if names is not None else None
    if unknown and names is not None:
        raise Refused(_unknown(source, unknown, names))
    return expression


def _unknown(source: str, unknown: Collection[str], names: Collection[str]) -> list[Problem]:
    problems = []
    for name in sorted(unknown):
        # A name is not what follows a dot, and not what stands in quotes.
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", lambda quoted: " " * len(quoted[0]), source)
        found = re.search(rf"(?<![\w.]){re.escape(name)}\b", bare)
        start = found.start() if found else 0
        line = source.count("\n", 0, start) + 1
        column = start - (source.rfind("\n", 0, start) + 1) + 1
        message = f"`{name}` is not a name that this condition can use"
        hint = name_hint(name, names, "names")
        problems.append(
            Problem("condition-unknown-name", message, line, column, column + len(name), hint)
        )
    return problems


# --- the common case: one comparison of a path with a constant ----------------------------

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"true": True, "false": False, "none": None, "True": True, "False": False, "None": None}
_NAME = r"(?!(?:true|false|none|True|False|None|not|and|or|if|else|in|is)\b)[A-Za-z][A-Za-z0-9_]*"
_SIMPLE = re.compile(
    rf"\s*(?P<path>{_NAME}(?:\.{_NAME})*)\s*(?P<operator>[=!<>]=|<|>)\s*"
    r"(?:(?P<number>-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?)"
    r"|\"(?P<double>[^\"\\\n]*)\"|'(?P<single>[^'\\\n]*)'"
    r"|(?P<word>true|false|none|True|False|None))\s*"
)


def _simple(source: str) -> Expression | None:
    found = _SIMPLE.fullmatch(source)
    if found is None:
        return None
    path = tuple(found["path"].split("."))
    symbol = found["operator"]
    value: Any
    if found["number"] is not None:
        value = float(found["number"]) if "." in found["number"] else int(found["number"])
    elif found["word"] is not None:
        value = _WORDS[found["word"]]
    else:
        value = found["double"] if found["double"] is not None else found["single"]
    compare = _OPERATORS[symbol]

    def evaluate(values: Mapping[str, Any]) -> Any:
        item: Any = values
        for step in path:
            # Asking a dict whether it is a Mapping takes longer than all the rest of this.
            if type(item) is not dict and not isinstance(item, Mapping):
                return MISSING
            if step not in item:
                return MISSING
            item = item[step]
        try:
            return compare(item, value)
        except TypeError:
            return MISSING

    paths = frozenset([path] if len(path) > 1 else [])
    comparisons = (Comparison(path, symbol, value),)
    return Expression(source, frozenset(path[:1]), paths, comparisons, evaluate)


@lru_cache(maxsize=1024)
def _general(source: str) -> Expression:
    from router.compiler.expressions import read_expression  # Jinja only where it is needed

    return read_expression(source)
