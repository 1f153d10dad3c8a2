"""JSON Schemas as rules look at them: what may an input be, how long, and where it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from router.compiler.compilation import CompiledTask
from router.compiler.model import Schema
from router.compiler.schema_check import children, resolve
from router.compiler.schemas import CompiledSchema
from router.policy.nodes import Node
from router.rules.prompts import once

__all__ = [
    "Path",
    "checked",
    "free_text",
    "max_chars",
    "output_schemas",
    "place",
    "properties",
    "walk",
]

_NOT_TEXT = frozenset({"number", "integer", "boolean", "null"})
# Keywords without schemas below them: most properties have only these.
_LEAF = frozenset(
    {"type", "enum", "const", "description", "title", "default", "format", "pattern"}
    | {"minimum", "maximum", "minLength", "maxLength", "exclusiveMinimum", "exclusiveMaximum"}
)
_DEEPEST = 12  # recursive schemas have no longest value
_NUMBER_CHARS = 24
# Formats whose texts nobody can choose freely or draw out; the validator holds inputs to them.
_FORMAT_CHARS = {"date": 10, "ipv4": 15, "ipv6": 45, "uuid": 36}
# Pieces of a pattern: a class, a choice of words or a character, so many times. Compiled on demand.
_PIECE = (
    r"(?:\[(?:[^\]\\]|\\.)+\]|\\[dDwWsS./+*?-]|\((?:\?:)?([\w |-]+)\)|[\w :,;@#%/-])"
    r"(?:\{(\d{1,6})(?:,(\d{1,6}))?\}|\?)?"
)


def properties(schema: Schema | None) -> Mapping[str, Any]:
    """The top-level properties of a schema."""
    found = schema.source.get("properties") if schema is not None else None
    return found if isinstance(found, Mapping) else {}


def checked(schema: Schema) -> CompiledSchema:
    """The same schema: rules only see what the compiler made, which knows more than is promised."""
    return cast("CompiledSchema", schema)


def free_text(schema: Any, root: Mapping[str, Any], depth: int = 0) -> bool:
    """Whether a value may hold text of anyone's choosing: numbers and enums hold none."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return True
    if "enum" in schema or "const" in schema:
        return False
    if "$ref" in schema:
        return free_text(resolve(root, schema["$ref"]), root, depth + 1)
    if "type" not in schema and (branches := _choices(schema)):
        return any(free_text(branch, root, depth + 1) for branch in branches)
    kind = schema.get("type")
    kinds = set(kind) if isinstance(kind, list) else {kind}
    kinds -= _NOT_TEXT
    if not kinds or (kinds == {"string"} and schema.get("format") in _FORMAT_CHARS):
        return False
    if kinds == {"array"} and isinstance(schema.get("items"), Mapping):
        return free_text(schema["items"], root, depth + 1)
    return True


def max_chars(schema: Any, root: Mapping[str, Any], depth: int = 0) -> int | None:
    """At most so many characters once written into a prompt; None where nothing bounds it."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "enum" in schema:
        return max((len(str(value)) for value in schema["enum"]), default=0)
    if "const" in schema:
        return len(str(schema["const"]))
    if "$ref" in schema:
        return max_chars(resolve(root, schema["$ref"]), root, depth + 1)
    if "type" not in schema and (branches := _choices(schema)):
        return _longest([max_chars(branch, root, depth + 1) for branch in branches])
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return _longest([_size(one, schema, root, depth) for one in kinds])


def _choices(schema: Mapping[str, Any]) -> Sequence[Any]:
    """Schemas of which a value has to satisfy one."""
    found: Sequence[Any] = schema.get("anyOf") or schema.get("oneOf") or ()
    return found


def _longest(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return max(known) if len(known) == len(sizes) and known else None


def _size(kind: Any, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> int | None:
    if kind in _NOT_TEXT:
        return _NUMBER_CHARS
    if kind == "string":
        longest = schema.get("maxLength", _FORMAT_CHARS.get(schema.get("format", "")))
        return int(longest) if isinstance(longest, int | float) else _pattern(schema)
    if kind == "array":
        return _array(schema, root, depth)
    if kind == "object":
        return _object(schema, root, depth)
    return None


def _pattern(schema: Mapping[str, Any]) -> int | None:
    """The longest text that fits a pattern; None where it has no end, or is no plain one."""
    pattern = schema.get("pattern")
    if not isinstance(pattern, str) or not re.fullmatch(rf"\^(?:{_PIECE})+\$", pattern):
        return None
    total = 0
    for words, times, most in re.findall(_PIECE, pattern[1:-1]):
        total += max(map(len, (words or "x").split("|"))) * int(most or times or 1)
    return total


def _array(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> int | None:
    most, item = schema.get("maxItems"), max_chars(schema.get("items"), root, depth + 1)
    if not isinstance(most, int | float) or item is None:
        return None
    return int(most) * (item + 4) + 2


def _object(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> int | None:
    total = 2
    for name, child in (schema.get("properties") or {}).items():
        size = max_chars(child, root, depth + 1)
        if size is None:
            return None
        total += len(name) + size + 6
    others = [*schema.get("patternProperties", {}).values()]
    if schema.get("additionalProperties") is not False:
        others.append(schema.get("additionalProperties"))
    return total if not others else _map(schema, others, total, root, depth)


def _map(
    schema: Mapping[str, Any], others: list[Any], total: int, root: Mapping[str, Any], depth: int
) -> int | None:
    """An object whose names are free: it needs a bound on their number and on their length."""
    most, names = schema.get("maxProperties"), schema.get("propertyNames")
    name = max_chars({"type": "string", **names}, root) if isinstance(names, Mapping) else None
    size = _longest([max_chars(other, root, depth + 1) for other in others])
    if not isinstance(most, int | float) or name is None or size is None:
        return None
    return total + int(most) * (name + size + 6)


Path = tuple[str | int, ...]


def output_schemas(compiled: CompiledTask) -> tuple[tuple[Path, Mapping[str, Any]], ...]:
    """Every subschema of the output with its path."""
    output = compiled.task.output
    if output is None:
        return ()
    return once(compiled, "output", lambda: tuple(walk(output.source)))


def walk(root: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every subschema with its path, outermost first; references are not followed."""
    pending: list[tuple[Path, Any]] = [((), root)]
    for path, schema in pending:  # grows as it goes
        if isinstance(schema, Mapping):
            yield path, schema
            if not _LEAF.issuperset(schema):
                pending += [((*path, *step), child) for step, child in children(schema)]


def place(compiled: CompiledTask, key: str, path: tuple[str | int, ...]) -> tuple[Node, str | None]:
    """Where a part of the `input` or `output` schema is written: the node, and the key in it.

    A schema in a file of its own has no places here: its `input` or `output` key stands for it.
    """
    written = compiled.node.get(key)
    if written is None:
        return compiled.node, None
    if written.get("file") is not None and not path_exists(written, path):
        return compiled.node, key
    if not path:
        return compiled.node, key
    parent = written.at(*path[:-1])
    last = path[-1]
    if parent is None:
        return compiled.node, key
    if isinstance(last, str) and parent.get(last) is not None:
        return parent, last
    return parent.at(last) or parent, None


def path_exists(node: Node, path: tuple[str | int, ...]) -> bool:
    """Whether a path leads anywhere below a node."""
    return bool(path) and node.at(*path) is not None
