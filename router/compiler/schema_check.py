"""Is this a schema that can be trusted to mean something, to end, and to stay on this machine?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from router.compiler.schema_plain import default_fits
from router.compiler.schema_validator import build, is_valid
from router.compiler.schema_words import (
    ANNOTATIONS,
    ASSERTIONS,
    DIALECTS,
    FORMATS,
    KEYWORDS,
    REFUSED,
    SCHEMA_LISTS,
    SCHEMA_MAPS,
    SUBSCHEMAS,
    TYPES,
)
from router.policy.suggest import did_you_mean

__all__ = [
    "MAX_DEPTH",
    "MAX_PATTERN",
    "MAX_SCHEMAS",
    "SchemaProblem",
    "check_defaults",
    "check_schema",
    "children",
    "is_recursive",
    "resolve",
]

MAX_DEPTH = 32  # nesting of one schema, references not followed
MAX_SCHEMAS = 2_000  # subschemas in one schema
MAX_PATTERN = 500  # characters
MAX_ENUM = 5_000  # values

Path = tuple[str | int, ...]

_SIMPLE = (ANNOTATIONS | ASSERTIONS) - {"enum", "format", "pattern", "type"}
"""Keywords whose value the meta-schema alone judges."""


class SchemaProblem(NamedTuple):
    """`path` leads to the offending value within the schema; `at_key` points at its key."""

    rule: str
    message: str
    path: Path
    help: str | None = None
    at_key: bool = False


def check_schema(root: Any) -> tuple[SchemaProblem, ...]:
    """What is wrong with a schema; empty when a validator can be built from it."""
    if not isinstance(root, Mapping):
        return (SchemaProblem("bad-schema", "a schema is a map", ()),)
    problems: list[SchemaProblem] = []
    refers = _walk(root, problems)
    if not problems:
        problems.extend(_meta(root))
    if not problems and refers:
        problems.extend(_endless(root))
    return tuple(problems)


def check_defaults(root: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    """Defaults at the top of a checked schema that break their own schema."""
    properties = root.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if not isinstance(schema, Mapping) or "default" not in schema:
            continue
        if default_fits(schema):
            continue
        scope = {"$defs": root["$defs"]} if "$defs" in root else {}
        local = {**scope, **{k: v for k, v in schema.items() if k != "default"}}
        if _self_contained(local) and not is_valid(build(local), schema["default"]):
            message = f"the default of `{name}` breaks its own schema"
            yield SchemaProblem("bad-schema", message, ("properties", name, "default"))


def children(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The subschemas right below a schema, with their paths."""
    for key, value in schema.items():
        yield from _below(key, value)


def _below(key: str, value: Any) -> list[tuple[Path, Any]]:
    if key in SUBSCHEMAS:
        return [((key,), value)]
    if key in SCHEMA_MAPS and isinstance(value, Mapping):
        return [((key, name), child) for name, child in value.items()]
    if key in SCHEMA_LISTS and isinstance(value, list):
        return [((key, index), child) for index, child in enumerate(value)]
    return []


def resolve(root: Mapping[str, Any], ref: str) -> Any:
    """What `#/a/b` points at; None where it leads nowhere."""
    node: Any = root
    if ref in ("#", "#/"):
        return root if ref == "#" else None
    if not ref.startswith("#/"):
        return None
    from urllib.parse import unquote

    for step in ref[2:].split("/"):
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def _walk(root: Mapping[str, Any], problems: list[SchemaProblem]) -> bool:
    """Looks at every subschema; says whether any of them refers to another."""
    pending: list[tuple[Path, Any]] = [((), root)]
    count = 0
    refers = False
    while pending:
        path, schema = pending.pop()
        count += 1
        if count > MAX_SCHEMAS:
            problems.append(SchemaProblem("bad-schema", f"more than {MAX_SCHEMAS} subschemas", ()))
            return refers
        if len(path) > 2 * MAX_DEPTH:
            problems.append(SchemaProblem("bad-schema", "the schema is nested too deeply", path))
            return refers
        if not isinstance(schema, Mapping):
            continue
        for key, value in schema.items():
            if key not in _SIMPLE:
                problems.extend(_keyword(root, path, key, value))
                refers = refers or key == "$ref"
                pending.extend((path + step, child) for step, child in _below(key, value))
    return refers


def _keyword(root: Mapping[str, Any], path: Path, key: str, value: Any) -> Iterator[SchemaProblem]:
    here = (*path, key)
    if key not in KEYWORDS:
        if isinstance(key, str) and key.startswith("x-"):
            return
        hint = REFUSED.get(key) or did_you_mean(str(key), KEYWORDS)
        message = f"`{key}` is not a keyword of JSON Schema 2020-12"
        yield SchemaProblem("bad-schema", message, here, hint, True)
    elif key == "$ref":
        yield from _reference(root, value, here)
    elif key == "$schema" and (path or value not in DIALECTS):
        message = "the only dialect is https://json-schema.org/draft/2020-12/schema, at the top"
        yield SchemaProblem("bad-schema", message, here)
    elif key == "type" and isinstance(value, str) and value not in TYPES:
        hint = did_you_mean(value, TYPES)
        yield SchemaProblem("bad-schema", f"there is no type `{value}`", here, hint)
    elif key == "format" and value not in FORMATS:
        hint = did_you_mean(value, FORMATS) if isinstance(value, str) else None
        yield SchemaProblem("bad-schema", f"nothing checks the format `{value}`", here, hint)
    elif key == "pattern":
        yield from _pattern(value, here, False)
    elif key == "patternProperties" and isinstance(value, Mapping):
        for name in value:
            yield from _pattern(name, (*here, name), True)
    elif key == "enum" and isinstance(value, list) and len(value) > MAX_ENUM:
        yield SchemaProblem("bad-schema", f"more than {MAX_ENUM} enum values", here)


def _reference(root: Mapping[str, Any], value: Any, path: Path) -> Iterator[SchemaProblem]:
    if not isinstance(value, str) or not value.startswith("#"):
        message = "a `$ref` stays within its schema: nothing is ever fetched"
        yield SchemaProblem("schema-remote-ref", message, path, "copy the schema under `$defs`")
        return
    target = resolve(root, value)
    if not isinstance(target, Mapping | bool):
        defs = root.get("$defs")
        known = [f"#/$defs/{name}" for name in (defs if isinstance(defs, Mapping) else ())]
        hint = did_you_mean(value, known)
        yield SchemaProblem("bad-schema", f"`{value}` leads nowhere in this schema", path, hint)


def _pattern(value: Any, path: Path, at_key: bool) -> Iterator[SchemaProblem]:
    if not isinstance(value, str):
        return  # the meta-schema says so
    if len(value) > MAX_PATTERN:
        message = f"a pattern has at most {MAX_PATTERN} characters"
        yield SchemaProblem("schema-pattern", message, path, at_key=at_key)
        return
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator(
            {"pattern": value}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
        )
    except ValueError:  # jsonschema_rs.ValidationError is one
        message = "the pattern cannot be matched in linear time, or is no regular expression"
        hint = "no look-around, no back-references, no large counted repeats"
        yield SchemaProblem("schema-pattern", message, path, hint, at_key)


def _meta(root: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    import jsonschema_rs

    try:
        if jsonschema_rs.meta.is_valid(dict(root)):
            return
    except ValueError as refusal:  # a value that is no JSON
        yield SchemaProblem("bad-schema", str(refusal), ())
        return
    # Only now the slow one: its messages say what is wrong in words.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    checker = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    errors = list(checker.iter_errors(root))
    best = best_match(errors)
    for error in [best] if best is not None else errors:
        yield SchemaProblem("bad-schema", error.message, tuple(error.absolute_path))


_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "$ref")
"""Keywords whose schemas look at the same value again."""


def _in_place(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Any]:
    if "$ref" in schema:
        yield resolve(root, schema["$ref"])
    for path, child in children(schema):
        if path[0] in _IN_PLACE:
            yield child


def _endless(root: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    if _has_cycle(root, lambda schema: _in_place(schema, root)):
        message = "the schema refers to itself without going into the value: it would never end"
        yield SchemaProblem("bad-schema", message, ())


def is_recursive(root: Mapping[str, Any]) -> bool:
    """Whether a schema contains itself by reference."""

    def below(schema: Mapping[str, Any]) -> Iterator[Any]:
        if "$ref" in schema:
            yield resolve(root, schema["$ref"])
        for path, child in children(schema):
            if path[0] != "$defs":
                yield child

    return _has_cycle(root, below)


def _has_cycle(root: Mapping[str, Any], below: Any) -> bool:
    """Depth-first, without recursion; every schema is a start, as any may be reached."""
    done: set[int] = set()
    starts: list[Any] = [root]
    while starts:
        start = starts.pop()
        if not isinstance(start, Mapping) or id(start) in done:
            continue
        starts.extend(child for _, child in children(start))
        active: set[int] = {id(start)}
        stack = [(start, iter(below(start)))]
        while stack:
            schema, following = stack[-1]
            child = next(following, None)
            if child is None:
                stack.pop()
                active.discard(id(schema))
                done.add(id(schema))
            elif isinstance(child, Mapping):
                if id(child) in active:
                    return True
                if id(child) not in done:
                    active.add(id(child))
                    stack.append((child, iter(below(child))))
    return False


def _self_contained(schema: Mapping[str, Any]) -> bool:
    refs = _references(schema)
    return all(ref.startswith("#/$defs/") for ref in refs)


def _references(schema: Any) -> Iterator[str]:
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            if isinstance(item.get("$ref"), str):
                yield item["$ref"]
            pending.extend(child for _, child in children(item))
