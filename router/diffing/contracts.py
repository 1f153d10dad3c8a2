"""Who breaks when a schema changes: callers by the input's, consumers by the output's.

Compatible is only what can be proved, breaking only what an example shows; the rest may break.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.compiler.model import Schema, Violation
from router.compiler.schemas import CompiledSchema, compile_schema
from router.diffing.changes import Breaks
from router.diffing.samples import samples
from router.diffing.subset import Proof
from router.diffing.texts import canonical

__all__ = ["Verdict", "differences", "for_callers", "for_consumers"]

_NO_INPUTS: Final = {"type": "object", "maxProperties": 0}
_TEXT: Final = {"type": "string"}
_UNKNOWN: Final = "additionalProperties"  # the rule that a property without a name here breaks
_MOST_REASONS: Final = 5
_MOST_VALUES: Final = 5
_STEP: Final = re.compile(r"\[\d+\]|[^.\[\]]+")
_OF_VALUES: Final = frozenset(
    {"type", "enum", "const", "pattern", "format", "multipleOf"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
_LISTS: Final = frozenset({"enum", "required", "type"})  # keywords whose entries speak for them
_JSON_WORDS: Final = frozenset({"true", "false", "null"})

# What speaks of an object as a whole: a default that is filled in could decide it.
_WHOLE: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "$ref", "minProperties", "maxProperties", "enum"}
    | {"propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "const"}
    | {"patternProperties"}
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one schema's values are still values of the other, and why not.

    `reasons`: for "yes" the rules that an example breaks; for "may" the places that no proof
    covers.
    """

    breaks: Breaks
    reasons: tuple[str, ...] = ()


def for_callers(old: Schema | None, new: Schema | None) -> Verdict:
    """Whether every input that OLD accepts is accepted by NEW, defaults filled in.

    A task without an input schema takes no inputs.
    """
    before, after = _compiled(old, _NO_INPUTS), _compiled(new, _NO_INPUTS)
    inner, outer = _given(before.source), _given(after.source)
    if inner is not None and outer is not None and Proof(inner, outer).found():
        return Verdict("no")
    tried = samples(before.source if inner is None else inner, after.source)
    return _verdict(_broken(before, after, tried, defaults=True), before, after)


def for_consumers(old: Schema | None, new: Schema | None) -> Verdict:
    """Whether every output that NEW allows was allowed by OLD.

    A task without an output schema answers with text. Where properties are new and nothing else
    is, consumers may break: most take from an answer what they know.
    """
    before, after = _compiled(old, _TEXT), _compiled(new, _TEXT)
    if Proof(after.source, before.source).found():
        return Verdict("no")
    tried = samples(after.source, before.source)
    broken = _broken(after, before, tried, defaults=False)
    if broken and all(rule == _UNKNOWN for _, rule in broken):
        new_ones = tuple(f"`{path}` is new" for path, _ in broken)
        return Verdict("may", new_ones[:_MOST_REASONS])
    return _verdict(broken, after, before)


def _broken(
    inner: CompiledSchema, outer: CompiledSchema, candidates: Iterable[Any], *, defaults: bool
) -> dict[tuple[str, str], str]:
    """One reason for each rule of each place of `outer` that a value of `inner` breaks."""
    broken: dict[tuple[str, str], str] = {}
    for value in candidates:
        if _problems(inner, value, defaults):
            continue
        for found in _problems(outer, value, defaults):
            where = f"`{found.path}` " if found.path else ""
            said = f"{where}{found.message}{_instead(found, value)}"
            broken.setdefault((found.path, found.rule), said)
        if sum(rule != _UNKNOWN for _, rule in broken) >= _MOST_REASONS:
            break
    return broken


def _instead(found: Violation, value: Any) -> str:
    """The part of the example that breaks the rule; lengths are in the message already."""
    if found.rule not in _OF_VALUES:
        return ""
    for step in _STEP.findall(found.path):
        try:
            value = value[int(step[1:-1]) if step.startswith("[") else step]
        except (KeyError, IndexError, TypeError):  # a name with a dot in it
            return ""
    return f", not {_short(value)}"


def _verdict(
    broken: Mapping[tuple[str, str], str], inner: CompiledSchema, outer: CompiledSchema
) -> Verdict:
    if broken:
        return Verdict("yes", tuple(broken.values())[:_MOST_REASONS])
    proof = Proof(inner.source, outer.source)
    proof.found()
    gaps = tuple(dict.fromkeys(proof.gaps))[:_MOST_REASONS]
    return Verdict("may", gaps or ("defaults, and rules over the whole object",))


def _problems(schema: CompiledSchema, value: Any, defaults: bool) -> tuple[Violation, ...]:
    filled = schema.with_defaults(value) if defaults and isinstance(value, Mapping) else value
    return schema.problems(filled)


def _given(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A schema of what callers pass: what has a default need not come from them.

    None where that cannot be said in a schema.
    """
    properties = schema.get("properties", {})
    filled = {
        name for name, one in properties.items() if isinstance(one, Mapping) and "default" in one
    }
    if not filled:
        return schema
    if schema.keys() & _WHOLE:
        return None
    return {**schema, "required": [n for n in schema.get("required", ()) if n not in filled]}


def _compiled(schema: Schema | None, instead: Mapping[str, Any]) -> CompiledSchema:
    source = instead if schema is None else schema.source
    return compile_schema(json.loads(canonical(source, ordered=True)))


def differences(old: Schema | None, new: Schema | None) -> Iterator[str]:
    """What changed, by place: `message.maxLength 8000 → 6000`."""
    before = None if old is None else old.source
    after = None if new is None else new.source
    yield from _paths(before, after, "")


def _paths(old: Any, new: Any, path: str) -> Iterator[str]:
    if canonical(old, ordered=True) == canonical(new, ordered=True):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            here = _below(path, key)
            if key not in old:
                yield f"{here} added"
            elif key not in new:
                yield f"{here} removed"
            else:
                yield from _paths(old[key], new[key], here)
        if canonical(old) == canonical(new):
            yield f"{path or 'properties'} in another order"
        return
    if isinstance(old, list) and isinstance(new, list):
        before, after = ({canonical(one) for one in items} for items in (old, new))
        gone = [_named(one) for one in old if canonical(one) not in after]
        come = [_named(one) for one in new if canonical(one) not in before]
        if not gone and not come:
            yield f"{path} in another order"
            return
        whose, _, key = path.rpartition(".")
        verb = "requires" if key == "required" else "allows"
        both = ((f"now also {verb}", come), (f"no longer {verb}", gone))
        said = " and ".join(f"{word} {_some(found)}" for word, found in both if found)
        yield said if key in _LISTS and not whose else f"{whose if key in _LISTS else path} {said}"
        return
    yield f"{path or 'schema'} {_short(old)} → {_short(new)}"


def _some(values: list[str]) -> str:
    shown = ", ".join(values[:_MOST_VALUES])
    return f"{shown} and {len(values) - _MOST_VALUES} more" if values[_MOST_VALUES:] else shown


def _named(value: Any) -> str:
    """An entry of a list: a plain word as it is, anything else as JSON."""
    plain = isinstance(value, str) and value.isidentifier() and value not in _JSON_WORDS
    return f"`{value if plain else _short(value)}`"


def _below(path: str, key: str) -> str:
    """A place as authors speak of it: the names of properties, without the schema between them."""
    if key == "properties":
        return path
    if key == "items":
        return f"{path}[]"
    return f"{path}.{key}" if path else key


def _short(value: Any) -> str:
    text = "none" if value is None else canonical(value, ordered=True)
    return text if len(text) <= 60 else f"{text[:59]}…"
