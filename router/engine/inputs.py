"""Inputs of a run: defaults filled in, held against the input schema, plain JSON, never changed.

What is returned is fresh at the top; deeper values are the caller's own where they were plain
JSON already, and copies where they were not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.model import Schema, Task, Violation
from router.engine.conversation import clean_turns
from router.errors import InputInvalid
from router.policy.suggest import suggest

__all__ = ["prepare_inputs"]

_MAX_DEPTH = 64
_MAX_SHOWN = 12  # characters of a value that a message may show
_STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


def prepare_inputs(task: Task, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs as the prompt, the conditions and the verifiers see them.

    Raises:
        InputInvalid: `problems` names each input and the rule that it breaks; values are shown
            by a few characters at most, as they may be private.
    """
    plain = _plain_inputs(task, inputs)
    schema = task.input
    if schema is None:
        if plain:
            names = ", ".join(sorted(plain)[:8])
            raise _invalid(task, [f"{names[:200]}: the task takes no inputs"])
        return plain
    values = schema.with_defaults(plain)
    violations = schema.problems(values, plain=True)
    if violations:
        raise _invalid(task, _explain(violations, schema, values))
    conversation = task.prompt.messages
    if conversation is not None and values.get(conversation.input) is not None:
        turns = clean_turns(
            values[conversation.input],
            conversation.input,
            trusted=conversation.input in task.trusted,
            followed=bool(task.prompt.user),
        )
        return {**values, conversation.input: turns}
    return values


def _invalid(task: Task, problems: list[str]) -> InputInvalid:
    return InputInvalid(f"task `{task.name}`: {'; '.join(problems)}", problems)


# --- plain JSON ----------------------------------------------------------------------------


class _Unplain(Exception):
    """A value that JSON cannot carry; `where` is its path."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(why)
        self.where = where
        self.why = why


def _plain_inputs(task: Task, inputs: Mapping[str, Any]) -> dict[str, Any]:
    if type(inputs) is not dict and not isinstance(inputs, Mapping):
        raise _invalid(task, [f"inputs: must be a mapping, is {type(inputs).__name__}"])
    plain = dict(inputs)
    problems: list[str] = []
    for name, value in plain.items():
        if type(value) is str and value.isascii() and type(name) is str and name.isascii():
            continue  # most inputs
        try:
            if not isinstance(name, str):
                raise _Unplain("inputs", "names must be strings")
            _text(name, "inputs")
            plain[name] = _plain(value, name, 0)
        except _Unplain as fault:
            problems.append(f"{fault.where}: {fault.why}")
    if problems:
        raise _invalid(task, problems)
    return plain


def _plain(value: Any, where: str, depth: int) -> Any:
    """`value` itself where it is plain JSON, else a plain copy of it."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value, where)
    if kind is bool or value is None:
        return value
    if isinstance(value, str):
        return _text(str.__str__(value), where)
    if isinstance(value, int):
        if not -(1 << 63) <= value < (1 << 64):
            raise _Unplain(where, "the number does not fit 64 bits")
        return value if kind is int else int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Unplain(where, "the number is not finite, JSON has none such")
        return value if kind is float else float(value)
    if depth >= _MAX_DEPTH:
        raise _Unplain(where, f"nested deeper than {_MAX_DEPTH}, or within itself")
    if isinstance(value, list | tuple):
        items = [_plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
        same = kind is list and all(a is b for a, b in zip(items, value, strict=True))
        return value if same else items
    if isinstance(value, Mapping):
        return _plain_mapping(value, where, depth)
    raise _Unplain(where, f"{kind.__name__} is no JSON value{_ADVICE.get(kind.__name__, '')}")


_ADVICE = {
    "bytes": "; give text, or a data: URL for a file",
    "Decimal": "; give a number or a string",
    "date": "; give isoformat()",
    "datetime": "; give isoformat()",
    "UUID": "; give str()",
    "set": "; give a list",
    "frozenset": "; give a list",
}


def _plain_mapping(value: Mapping[Any, Any], where: str, depth: int) -> Any:
    copy: dict[str, Any] = {}
    same = type(value) is dict
    for key, item in value.items():
        if not isinstance(key, str):
            raise _Unplain(where, "keys must be strings")
        name = _text(str.__str__(key), where)
        copy[name] = _plain(item, f"{where}.{key[:40]}", depth + 1)
        same = same and copy[name] is item and type(key) is str
    return value if same else copy


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Unplain(where, "the text has a lone surrogate, no UTF-8 can carry it") from None
    return value


# --- the schema's findings, in words that do not give values away ---------------------------


def _explain(violations: tuple[Violation, ...], schema: Schema, values: Any) -> list[str]:
    problems: dict[str, None] = {}
    for violation in violations:
        for problem in _words(violation, schema.source, values):
            problems[problem] = None
    return list(problems)


def _words(violation: Violation, source: Mapping[str, Any], values: Any) -> Iterator[str]:
    rule = violation.rule
    path = violation.path
    if rule == "additionalProperties":
        part, value = _locate(path, source, values)
        if not isinstance(part, Mapping) or rule not in part:
            path = path.rpartition(".")[0]  # it is named by what is too much, not by what has it
    part, value = _locate(path, source, values)
    where = violation.path or "inputs"
    limit = part.get(rule) if isinstance(part, Mapping) else None
    if rule == "required":
        missing = limit if isinstance(limit, list) and isinstance(value, Mapping) else ()
        names = [_join(violation.path, str(name)) for name in missing if name not in value]
        yield from (f"{name}: required, and not given" for name in names or (where,))
    elif rule == "additionalProperties" and isinstance(value, Mapping) and limit is False:
        yield from _unknown(path, part, value)
    elif limit is None or isinstance(limit, Mapping):
        yield f"{where}: breaks the schema's `{rule}`"
    elif rule == "type":
        kinds = " or ".join(limit) if isinstance(limit, list) else limit
        yield f"{where}: must be {kinds}, is {_json_type(value)} (type)"
    elif rule == "enum" and isinstance(limit, list):
        choices = ", ".join(str(choice)[:40] for choice in limit[:10])
        more = ", …" if len(limit) > 10 else ""
        yield f"{where}: must be one of {choices}{more}; is {_shown(value)} (enum)"
    elif rule in ("maxLength", "minLength", "maxItems", "minItems"):
        length = f", has {len(value):,}" if isinstance(value, str | list) else ""
        yield f"{where}: {_LENGTH[rule]} {limit}{length} ({rule})"
    elif rule in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
        yield f"{where}: {_shown(value)} breaks {rule} {limit}"
    else:
        yield f"{where}: breaks the schema's {rule} {str(limit)[:80]}"


_LENGTH = {
    "maxLength": "characters at most",
    "minLength": "characters at least",
    "maxItems": "items at most",
    "minItems": "items at least",
}


def _unknown(path: str, part: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[str]:
    known = list(part.get("properties", ()))
    patterns = [re.compile(pattern) for pattern in part.get("patternProperties", ())]
    for name in value:
        if name in known or any(pattern.search(name) for pattern in patterns):
            continue
        close = suggest(name, known)
        hint = f"; did you mean `{close}`?" if close else ""
        yield f"{_join(path, name[:40])}: unknown input{hint}"


def _locate(path: str, source: Any, value: Any) -> tuple[Any, Any]:
    """The part of a schema and of a value that a path leads to; None for what is not found."""
    for step in _STEP.findall(path):
        if step.startswith("[") and isinstance(value, list):
            index = int(step[1:-1])
            value = value[index] if index < len(value) else None
            source = source.get("items") if isinstance(source, Mapping) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
            parts = source.get("properties") if isinstance(source, Mapping) else None
            source = parts.get(step) if isinstance(parts, Mapping) else None
    return source, value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return _json_type(value)
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
