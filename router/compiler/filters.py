"""The filters and tests that templates and conditions may use, each bounded.

Every filter takes the render's budget first. Arguments are constants unless a filter's entry
says otherwise, and are checked at load by `Filter.arguments`, a function of the same shape that
raises ValueError for what is out of range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from router.compiler.limits import Budget
from router.compiler.values import ELEMENT, to_json, to_text, wrap

__all__ = ["FILTERS", "TESTS", "Filter", "arithmetic", "concatenate"]

_MAX_PIECE = 10_000  # characters of a constant that may be put in many places
_MAX_INDENT = 16


def _no_arguments() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Filter:
    """`call(budget, value, ...)`; `numeric` ones give a number whatever text they are given."""

    call: Callable[..., Any]
    arguments: Callable[..., None] = _no_arguments
    open_arguments: bool = False  # arguments may be expressions
    numeric: bool = False


# --- text --------------------------------------------------------------------------------


def _text(budget: Budget, value: Any) -> str:
    text = to_text(value)
    budget.take_chars(len(text))
    return text


def _simple(operation: Callable[[str], str]) -> Callable[[Budget, Any], str]:
    def apply(budget: Budget, value: Any) -> str:
        return operation(_text(budget, value))

    return apply


def _tag(budget: Budget, value: Any, name: str, *around: str) -> str:
    return wrap(_text(budget, value), name, *around)


def _tag_arguments(name: str, *around: str) -> None:
    if not all(isinstance(one, str) and ELEMENT.fullmatch(one) for one in (name, *around)):
        raise ValueError("`tag` takes an element name: a letter, then letters, digits, _ . -")


def _tojson(budget: Budget, value: Any, indent: int | None = None) -> str:
    text = to_json(value, indent)
    budget.take_chars(len(text))
    return text


def _tojson_arguments(indent: int | None = None) -> None:
    if indent is not None and not _is_int(indent, 0, 8):
        raise ValueError("`tojson` takes an indent from 0 to 8")


def _trim(budget: Budget, value: Any, chars: str | None = None) -> str:
    return _text(budget, value).strip(chars)


def _trim_arguments(chars: str | None = None) -> None:
    if chars is not None and not isinstance(chars, str):
        raise ValueError("`trim` takes the characters to strip as a string")


def _replace(budget: Budget, value: Any, old: str, new: str, count: int = -1) -> str:
    text = _text(budget, value)
    found = text.count(old) if count < 0 else min(text.count(old), count)
    budget.take_chars(found * len(new))
    return text.replace(old, new, count)


def _replace_arguments(old: str, new: str, count: int = -1) -> None:
    if not isinstance(old, str) or not isinstance(new, str) or not old:
        raise ValueError("`replace` takes the text to look for and the text to put there")
    if len(new) > _MAX_PIECE or not _is_int(count, -1, 10**9):
        raise ValueError("`replace`: the new text or the count is too large")


def _truncate(budget: Budget, value: Any, length: int = 255, end: str = "…") -> str:
    text = _text(budget, value)
    return text if len(text) <= length else text[: max(0, length - len(end))].rstrip() + end


def _truncate_arguments(length: int = 255, end: str = "…") -> None:
    if not _is_int(length, 1, 10**7) or not isinstance(end, str) or len(end) > 100:
        raise ValueError("`truncate` takes a length in characters and an ending")


def _indent(budget: Budget, value: Any, width: int = 4, first: bool = False) -> str:
    text = _text(budget, value)
    budget.take_chars((text.count("\n") + 1) * width)
    pad = " " * width
    lines = text.split("\n")
    head = pad + lines[0] if first else lines[0]
    return "\n".join([head, *(pad + line if line else line for line in lines[1:])])


def _indent_arguments(width: int = 4, first: bool = False) -> None:
    if not _is_int(width, 0, _MAX_INDENT) or not isinstance(first, bool):
        raise ValueError(f"`indent` takes a width from 0 to {_MAX_INDENT}")


_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;"))


def _escape(budget: Budget, value: Any) -> str:
    text = _text(budget, value)
    budget.take_chars(len(text) * 4)
    for char, entity in _ESCAPES:
        text = text.replace(char, entity)
    return text


def concatenate(budget: Budget, values: Iterable[Any]) -> str:
    """The `~` operator and `join` without a separator."""
    return "".join([_text(budget, value) for value in values])


def _join(budget: Budget, value: Any, d: Any = "") -> str:
    items = _items_of(budget, value)
    between = to_text(d)
    budget.take_chars(len(between) * len(items))
    return between.join([_text(budget, item) for item in items])


def _join_arguments(d: Any = "") -> None:
    return None


def _default_arguments(default_value: Any = "", boolean: bool = False) -> None:
    return None


# --- lists and maps ----------------------------------------------------------------------


def _items_of(budget: Budget, value: Any) -> list[Any]:
    budget.weigh(value)
    if isinstance(value, str | list | tuple | Mapping):
        return list(value)
    raise TypeError(f"a list is needed, not {_kind(value)}")


def _length(budget: Budget, value: Any) -> int:
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise TypeError(f"{_kind(value)} has no length")


def _first(budget: Budget, value: Any) -> Any:
    items = _items_of(budget, value)
    if not items:
        raise ValueError("the first of nothing: guard it with `if`")
    return items[0]


def _last(budget: Budget, value: Any) -> Any:
    items = _items_of(budget, value)
    if not items:
        raise ValueError("the last of nothing: guard it with `if`")
    return items[-1]


def _reverse(budget: Budget, value: Any) -> Any:
    items = _items_of(budget, value)[::-1]
    return "".join(items) if isinstance(value, str) else items


def _sort_key(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _sort(budget: Budget, value: Any, reverse: bool = False) -> list[Any]:
    return sorted(_items_of(budget, value), key=_sort_key, reverse=reverse)


def _sort_arguments(reverse: bool = False) -> None:
    if not isinstance(reverse, bool):
        raise ValueError("`sort` takes reverse=true or nothing")


def _unique(budget: Budget, value: Any) -> list[Any]:
    seen: set[Any] = set()
    kept = []
    for item in _items_of(budget, value):
        key = _sort_key(item) if isinstance(item, str) else to_json(item)
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _pairs(budget: Budget, value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping):
        raise TypeError(f"a map is needed, not {_kind(value)}")
    budget.weigh(value)
    return list(value.items())


def _dictsort(budget: Budget, value: Any) -> list[tuple[Any, Any]]:
    return sorted(_pairs(budget, value), key=lambda pair: _sort_key(pair[0]))


def _extreme(choose: Callable[..., Any]) -> Callable[[Budget, Any], Any]:
    def apply(budget: Budget, value: Any) -> Any:
        return choose(_items_of(budget, value), key=_sort_key)

    return apply


def _sum(budget: Budget, value: Any) -> Any:
    items = _items_of(budget, value)
    if not all(_is_number(item) for item in items):
        raise TypeError("`sum` adds numbers only")
    return sum(items)


# --- numbers -----------------------------------------------------------------------------


def _is_int(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _int(budget: Budget, value: Any, default: int = 0) -> int:
    try:
        return int(value) if _is_number(value) else int(_text(budget, value).strip())
    except (ValueError, OverflowError):  # OverflowError: an infinity
        return default


def _float(budget: Budget, value: Any, default: float = 0.0) -> float:
    try:
        return float(value) if _is_number(value) else float(_text(budget, value).strip())
    except (ValueError, OverflowError):
        return default


def _number_argument(default: float = 0) -> None:
    if not _is_number(default):
        raise ValueError("the default must be a number")


def _round(budget: Budget, value: Any, precision: int = 0) -> float | int:
    if not _is_number(value):
        raise TypeError(f"a number is needed, not {_kind(value)}")
    result: float | int = round(value, precision) if precision else round(value)
    return result


def _round_arguments(precision: int = 0) -> None:
    if not _is_int(precision, 0, 15):
        raise ValueError("`round` takes a precision from 0 to 15")


def _abs(budget: Budget, value: Any) -> float | int:
    if not _is_number(value):
        raise TypeError(f"a number is needed, not {_kind(value)}")
    result: float | int = value if value >= 0 else -value
    return result


def _default(budget: Budget, value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    # Undefined values never get here: the caller of a filter knows them and hands in None.
    # A null counts as absent: for a prompt the two are the same.
    return default_value if value is None or (boolean and not value) else value


def _kind(value: Any) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number"}
    names |= {list: "a list", tuple: "a list", dict: "a map", type(None): "null"}
    return names.get(type(value), type(value).__name__)


_MAX_BITS = 1024


def arithmetic(budget: Budget, operator: str, left: Any, right: Any) -> Any:
    """`+ - * / // %` on numbers; `+` also joins two texts or two lists.

    Raises:
        TypeError: other operands; formatting and repeating by operator do not exist here.
        ZeroDivisionError: as Python does.
        ValueError: an integer grows past 1,024 bits.
    """
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return concatenate(budget, (left, right))
    if operator == "+" and isinstance(left, list) and isinstance(right, list):
        budget.weigh(left)
        budget.weigh(right)
        return left + right
    if not _is_number(left) or not _is_number(right):
        raise TypeError(f"`{operator}` takes numbers, not {_kind(left)} and {_kind(right)}")
    for number in (left, right):
        if isinstance(number, int) and number.bit_length() > _MAX_BITS:
            raise ValueError("the number is too large")
    return _OPERATIONS[operator](left, right)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}

FILTERS: dict[str, Filter] = {
    "tag": Filter(_tag, _tag_arguments),
    "tojson": Filter(_tojson, _tojson_arguments),
    "upper": Filter(_simple(str.upper)),
    "lower": Filter(_simple(str.lower)),
    "title": Filter(_simple(str.title)),
    "capitalize": Filter(_simple(str.capitalize)),
    "string": Filter(_text),
    "trim": Filter(_trim, _trim_arguments),
    "replace": Filter(_replace, _replace_arguments),
    "truncate": Filter(_truncate, _truncate_arguments),
    "indent": Filter(_indent, _indent_arguments),
    "escape": Filter(_escape),
    "e": Filter(_escape),
    "join": Filter(_join, _join_arguments, open_arguments=True),
    "length": Filter(_length, numeric=True),
    "count": Filter(_length, numeric=True),
    "first": Filter(_first),
    "last": Filter(_last),
    "list": Filter(_items_of),
    "reverse": Filter(_reverse),
    "sort": Filter(_sort, _sort_arguments),
    "unique": Filter(_unique),
    "items": Filter(_pairs),
    "dictsort": Filter(_dictsort),
    "min": Filter(_extreme(min)),
    "max": Filter(_extreme(max)),
    "sum": Filter(_sum, numeric=True),
    "round": Filter(_round, _round_arguments, numeric=True),
    "int": Filter(_int, _number_argument, numeric=True),
    "float": Filter(_float, _number_argument, numeric=True),
    "abs": Filter(_abs, numeric=True),
    "default": Filter(_default, _default_arguments, open_arguments=True),
    "d": Filter(_default, _default_arguments, open_arguments=True),
}


def _divisible(value: Any, by: Any) -> bool:
    if not _is_number(value) or not _is_number(by):
        raise TypeError("`divisibleby` takes numbers")
    return bool(value % by == 0)


TESTS: dict[str, Callable[..., bool]] = {
    # `defined` and `undefined` are answered by the caller, who knows what is undefined.
    "defined": lambda value: True,
    "undefined": lambda value: False,
    "none": lambda value: value is None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: _is_number(value),
    "integer": lambda value: type(value) is int,
    "float": lambda value: isinstance(value, float),
    "mapping": lambda value: isinstance(value, Mapping),
    "sequence": lambda value: isinstance(value, str | list | tuple),
    "even": lambda value: type(value) is int and value % 2 == 0,
    "odd": lambda value: type(value) is int and value % 2 == 1,
    "divisibleby": _divisible,
    "in": lambda value, container: value in container,
}
