"""Conditions beyond one comparison: Jinja's syntax tree turned into closures.

Each closure takes the values by name and gives a value or MISSING; none of them raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.parser import Parser

from router.compiler.allowlist import inspect
from router.compiler.evaluation import MISSING, Comparison, Evaluate, Expression
from router.compiler.filters import FILTERS, TESTS, arithmetic, concatenate
from router.compiler.limits import Budget
from router.compiler.places import Places
from router.compiler.problems import Problem, Refused
from router.compiler.sandbox import sandbox
from router.compiler.syntax import OPEN, access_path, constant

__all__ = ["read_expression"]

_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
_NOT_IN = "not in"


def read_expression(source: str) -> Expression:
    """Parse, check and compile any allowed expression.

    Raises:
        Refused: with the rule `condition-syntax`.
    """
    try:
        tree = _parse(source)
    except (RecursionError, ValueError):  # ValueError: a number of more digits than Python reads
        message = "the condition is too deeply nested, or has too long a number"
        raise Refused([Problem("condition-syntax", message, 1, 1, 1)]) from None
    found = inspect(tree)
    if found.notes:
        places = _Where(source)
        raise Refused([places.problem(n.message, n.line, n.word, n.help) for n in found.notes])
    return Expression(
        source, found.names, frozenset(found.paths), tuple(_comparisons(tree)), _closure(tree)
    )


class _Where:
    def __init__(self, source: str) -> None:
        # Jinja reads an expression only inside braces; the columns move by as much.
        self._places = Places("{{" + source + "}}", sandbox())

    def problem(self, message: str, line: int, word: str = "", help_: str | None = None) -> Problem:
        column, end = self._places.find(line, word, "")
        moved = 2 if line == 1 else 0
        first = max(1, column - moved)
        last = max(first, end - moved)
        return Problem("condition-syntax", message, line, first, last, help_)


_WRITTEN_ELSEWHERE = {
    "&": "write `and`",
    "|": "write `or`",
    "=": "write `==`",
    "!": "write `not`",
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019", "write straight quotes: `\"` or `'`"),
}


def _parse(source: str) -> nodes.Expr:
    try:
        parser = Parser(sandbox(), source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            token = parser.stream.current
            raise jinja2.TemplateSyntaxError(f"unexpected '{token.value}'", token.lineno)
    except jinja2.TemplateSyntaxError as error:
        message = error.message or "syntax error"
        quoted = message.rsplit("'", 2)
        word = quoted[1] if len(quoted) == 3 else ""
        message = re.sub(r" at \d+$", "", message)  # counts from the start of the condition
        hint = _WRITTEN_ELSEWHERE.get(word)
        raise Refused([_Where(source).problem(message, error.lineno, word, hint)]) from None
    for node in (tree, *tree.find_all((nodes.Call, nodes.Slice))):
        if isinstance(node, nodes.Call | nodes.Slice):
            what = "calls" if isinstance(node, nodes.Call) else "slices"
            problem = _Where(source).problem(f"{what} are not available in conditions", node.lineno)
            raise Refused([problem])
    return tree


_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SYMBOLS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": _NOT_IN,
}


def _comparisons(tree: nodes.Expr) -> list[Comparison]:
    found = []
    everything = [tree] if isinstance(tree, nodes.Compare) else []
    for node in (*everything, *tree.find_all(nodes.Compare)):
        if len(node.ops) != 1:
            continue
        symbol = _SYMBOLS[node.ops[0].op]
        left, right = node.expr, node.ops[0].expr
        if access_path(left) and constant(right) is not OPEN:
            found.append(Comparison(access_path(left), symbol, constant(right)))
        elif access_path(right) and constant(left) is not OPEN and symbol in _TURNED:
            found.append(Comparison(access_path(right), _TURNED[symbol], constant(left)))
    return found


# --- closures ----------------------------------------------------------------------------


def _closure(node: nodes.Node) -> Evaluate:
    value = constant(node)
    if value is not OPEN:
        return lambda values: value
    return _CLOSURES[type(node).__name__](node)


def _guarded(compute: Evaluate) -> Evaluate:
    def evaluate(values: Mapping[str, Any]) -> Any:
        try:
            return compute(values)
        except _ERRORS:
            return MISSING

    return evaluate


def _name(node: nodes.Name) -> Evaluate:
    name = node.name
    return lambda values: values.get(name, MISSING)


def _attribute(node: nodes.Getattr) -> Evaluate:
    base, name = _closure(node.node), node.attr

    def evaluate(values: Mapping[str, Any]) -> Any:
        item = base(values)
        return item.get(name, MISSING) if isinstance(item, Mapping) else MISSING

    return evaluate


def _item(node: nodes.Getitem) -> Evaluate:
    base, key = _closure(node.node), _closure(node.arg)

    def compute(values: Mapping[str, Any]) -> Any:
        item, index = base(values), key(values)
        if isinstance(item, Mapping) or (
            isinstance(item, str | list | tuple) and type(index) is int
        ):
            return item[index]
        return MISSING

    return _guarded(compute)


def _and(node: nodes.And) -> Evaluate:
    left, right = _closure(node.left), _closure(node.right)

    def evaluate(values: Mapping[str, Any]) -> Any:
        first = left(values)
        if first is not MISSING and not first:
            return first
        second = right(values)
        if second is not MISSING and not second:
            return second
        return MISSING if first is MISSING else second

    return evaluate


def _or(node: nodes.Or) -> Evaluate:
    left, right = _closure(node.left), _closure(node.right)

    def evaluate(values: Mapping[str, Any]) -> Any:
        first = left(values)
        if first is not MISSING and first:
            return first
        second = right(values)
        if second is not MISSING and second:
            return second
        return MISSING if first is MISSING else second

    return evaluate


def _not(node: nodes.Not) -> Evaluate:
    inner = _closure(node.node)

    def evaluate(values: Mapping[str, Any]) -> Any:
        value = inner(values)
        return MISSING if value is MISSING else not value

    return evaluate


def _compare(node: nodes.Compare) -> Evaluate:
    first = _closure(node.expr)
    rest = [(_COMPARE[operand.op], _closure(operand.expr)) for operand in node.ops]

    def evaluate(values: Mapping[str, Any]) -> Any:
        left = first(values)
        known = True
        for compare, operand in rest:
            right = operand(values)
            if left is MISSING or right is MISSING:
                known = False
            else:
                try:
                    if not compare(left, right):
                        return False
                except _ERRORS:
                    known = False
            left = right
        return True if known else MISSING

    return evaluate


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gteq": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "notin": lambda a, b: a not in b,
}


def _binary(node: nodes.BinExpr) -> Evaluate:
    left, right, symbol = _closure(node.left), _closure(node.right), node.operator

    def compute(values: Mapping[str, Any]) -> Any:
        sides = left(values), right(values)
        return MISSING if MISSING in sides else arithmetic(Budget(), symbol, *sides)

    return _guarded(compute)


def _sign(node: nodes.UnaryExpr) -> Evaluate:
    inner, sign = _closure(node.node), -1 if isinstance(node, nodes.Neg) else 1

    def compute(values: Mapping[str, Any]) -> Any:
        value = inner(values)
        return sign * value if type(value) in (int, float) else MISSING

    return compute


def _concat(node: nodes.Concat) -> Evaluate:
    parts = [_closure(part) for part in node.nodes]

    def compute(values: Mapping[str, Any]) -> Any:
        pieces = [part(values) for part in parts]
        return MISSING if _missing(pieces) else concatenate(Budget(), pieces)

    return _guarded(compute)


def _filter(node: nodes.Filter) -> Evaluate:
    call = FILTERS[node.name].call
    optional = node.name in ("default", "d")
    inner = _closure(nodes.Const(None) if node.node is None else node.node)
    args = [_closure(arg) for arg in node.args]
    named = {str(keyword.key): _closure(keyword.value) for keyword in node.kwargs}

    def compute(values: Mapping[str, Any]) -> Any:
        value = inner(values)
        if value is MISSING and optional:
            value = None
        given = [arg(values) for arg in args]
        options = {key: option(values) for key, option in named.items()}
        if _missing([value, *given, *options.values()]):
            return MISSING
        return call(Budget(), value, *given, **options)

    return _guarded(compute)


def _test(node: nodes.Test) -> Evaluate:
    inner, name = _closure(node.node), node.name
    if name in ("defined", "undefined"):
        wanted = name == "defined"
        return lambda values: (inner(values) is not MISSING) is wanted
    test = TESTS[name]
    args = [_closure(arg) for arg in node.args]

    def compute(values: Mapping[str, Any]) -> Any:
        given = [inner(values), *(arg(values) for arg in args)]
        return MISSING if _missing(given) else test(*given)

    return _guarded(compute)


def _choice(node: nodes.CondExpr) -> Evaluate:
    test, yes = _closure(node.test), _closure(node.expr1)
    no = _closure(node.expr2 or nodes.Const(None))

    def evaluate(values: Mapping[str, Any]) -> Any:
        chosen = test(values)
        if chosen is MISSING:
            return MISSING
        return yes(values) if chosen else no(values)

    return evaluate


def _list(node: nodes.List | nodes.Tuple) -> Evaluate:
    parts = [_closure(part) for part in node.items]

    def evaluate(values: Mapping[str, Any]) -> Any:
        items = [part(values) for part in parts]
        return MISSING if _missing(items) else items

    return evaluate


def _dict(node: nodes.Dict) -> Evaluate:
    pairs = [(_closure(pair.key), _closure(pair.value)) for pair in node.items]

    def compute(values: Mapping[str, Any]) -> Any:
        items = [(key(values), value(values)) for key, value in pairs]
        if _missing([half for pair in items for half in pair]):
            return MISSING
        return dict(items)

    return _guarded(compute)


def _missing(items: list[Any]) -> bool:
    return any(item is MISSING for item in items)


_CLOSURES: dict[str, Callable[..., Evaluate]] = {
    "Name": _name,
    "Getattr": _attribute,
    "Getitem": _item,
    "And": _and,
    "Or": _or,
    "Not": _not,
    "Compare": _compare,
    "Add": _binary,
    "Sub": _binary,
    "Mul": _binary,
    "Div": _binary,
    "FloorDiv": _binary,
    "Mod": _binary,
    "Neg": _sign,
    "Pos": _sign,
    "Concat": _concat,
    "Filter": _filter,
    "Test": _test,
    "CondExpr": _choice,
    "List": _list,
    "Tuple": _list,
    "Dict": _dict,
}
