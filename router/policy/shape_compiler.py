"""JSON Schema -> functions over nodes, for the keywords that our own schema uses and no others.

Beside the standard's keywords it reads `patternErrorMessage` (what a pattern asks for, in words;
editors know it too) and three of ours: `x-rule` (the rule that a wrong value breaks), `x-refused`
(keys that people try, and why they are not there) and `x-beside` (the key that suffers no others).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final

from router.policy.nodes import Node
from router.policy.shape_report import Key, Report

__all__ = ["Check", "compile_schema"]

Check = Callable[[Node, Node | None, Key, Report], None]
"""Says to the report what is wrong with a node; its parent and key are there for the place."""

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (NoneType,),
}
_IN_WORDS: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
}
_ANNOTATIONS: Final = frozenset(
    {
        *("$schema", "$id", "$comment", "$defs", "title", "description", "examples"),
        *("patternErrorMessage", "enumDescriptions", "defaultSnippets"),  # what editors show
    }
)


def compile_schema(schema: Mapping[str, Any]) -> Check:
    """The function for a schema whose `$ref`s are to its own `$defs`.

    Raises:
        ValueError: a keyword, or a use of one, that is not understood here.
    """
    return _Compiler(schema.get("$defs", {})).check(schema)


def _accept(node: Node, parent: Node | None, key: Key, report: Report) -> None:
    """The check of a schema that asks for nothing."""


class _Compiler:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._compiled: dict[str, Check] = {}

    def check(self, schema: Mapping[str, Any]) -> Check:
        """One function for one schema: the type first, then what belongs to the type found."""
        left = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
        if left.keys() == {"$ref"}:
            return self._ref(left["$ref"])
        expected = self._expected(schema)
        types = _listed(left.pop("type", []))
        kinds = frozenset(kind for name in types for kind in _TYPES[name])
        nullable = "null" in types
        whole = "integer" in types and "number" not in types
        rule = left.pop("x-rule", "bad-value")
        parts: dict[type, tuple[Check, ...]] = {}
        for kind, builder in (
            (str, self._string),
            (int, self._number),
            (list, self._list),
            (dict, self._map),
        ):
            parts[kind] = tuple(builder(left, expected, rule))
        parts[float] = parts[int]
        always = tuple(self._always(left, expected, rule))
        if left:
            raise ValueError(f"keywords that are not understood: {', '.join(left)}")
        if not kinds and not always and not any(parts.values()):
            return _accept
        steps = {found: (*some, *always) for found, some in parts.items()}

        def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
            if report.blamed and id(node) in report.blamed:
                return
            value = node.value
            kind = type(value)
            if kinds and kind not in kinds:
                if not (whole and kind is float and value.is_integer()):
                    report.wrong_type(node, key, expected, nullable)
                    return
                node.value = int(value)
            for step in steps.get(kind, always):
                step(node, parent, key, report)

        return check

    def _expected(self, schema: Mapping[str, Any]) -> str:
        """What a value should be, in words."""
        said = schema.get("patternErrorMessage")
        if said is None and "$ref" in schema:
            said = self._definition(schema["$ref"]).get("patternErrorMessage")
        if said is not None:
            return str(said)
        if "enum" in schema:
            return _one_of([str(member) for member in schema["enum"] if member is not None])
        names = [_IN_WORDS[name] for name in _listed(schema.get("type", [])) if name != "null"]
        return " or ".join(names) or "another value"

    def _definition(self, ref: str) -> Mapping[str, Any]:
        name = ref.removeprefix("#/$defs/")
        if name not in self._definitions:
            raise ValueError(f"a $ref that leads nowhere: {ref}")
        found: Mapping[str, Any] = self._definitions[name]
        return found

    def _ref(self, ref: str) -> Check:
        if ref not in self._compiled:
            self._compiled[ref] = self.check(self._definition(ref))
        return self._compiled[ref]

    # --- keywords for every type -----------------------------------------------------------------

    def _always(self, left: dict[str, Any], expected: str, rule: str) -> list[Check]:
        checks: list[Check] = []
        if "enum" in left:
            checks.append(_enum(left.pop("enum")))
        if "const" in left:
            checks.append(_const(left.pop("const"), rule))
        if "$ref" in left:
            checks.append(self._ref(left.pop("$ref")))
        checks += [self.check(schema) for schema in left.pop("allOf", ())]
        if "if" in left:
            test = _condition(left.pop("if"))
            then, otherwise = (self.check(left.pop(key, {})) for key in ("then", "else"))
            checks.append(_branch(test, then, otherwise))
        return checks

    # --- text, numbers, lists --------------------------------------------------------------------

    def _string(self, left: dict[str, Any], expected: str, rule: str) -> list[Check]:
        checks: list[Check] = []
        shortest, longest = left.pop("minLength", 0), left.pop("maxLength", None)
        if shortest > 1:
            raise ValueError("minLength above 1")
        if shortest:
            checks.append(_test(lambda value: bool(value), "text that is not empty", rule))
        if longest is not None:
            checks.append(_test(lambda value: len(value) <= longest, expected, rule))
        if "pattern" in left:
            search = _pattern(left.pop("pattern")).search
            checks.append(_test(lambda value: search(value) is not None, expected, rule))
        return checks

    def _number(self, left: dict[str, Any], expected: str, rule: str) -> list[Check]:
        checks: list[Check] = []
        if "minimum" in left:
            low = left.pop("minimum")
            checks.append(_test(lambda value: value >= low, f"at least {low}", rule))
        if "exclusiveMinimum" in left:
            under = left.pop("exclusiveMinimum")
            checks.append(_test(lambda value: value > under, f"more than {under}", rule))
        if "maximum" in left:
            high = left.pop("maximum")
            checks.append(_test(lambda value: value <= high, f"at most {high}", rule))
        return checks

    def _list(self, left: dict[str, Any], expected: str, rule: str) -> list[Check]:
        checks: list[Check] = []
        if left.pop("minItems", 0):
            checks.append(_not_empty)
        if "items" in left:
            checks.append(_each(self.check(left.pop("items"))))
        if left.pop("uniqueItems", False):
            checks.append(_unique)
        return checks

    # --- maps ------------------------------------------------------------------------------------

    def _map(self, left: dict[str, Any], expected: str, rule: str) -> list[Check]:
        # Unknown keys come first: a key that looks like a wanted one is not also missing.
        checks: list[Check] = []
        members = ("properties", "patternProperties", "additionalProperties")
        if any(keyword in left for keyword in members):
            checks.append(self._members(left))
        if "propertyNames" in left:
            names = left.pop("propertyNames")
            checks.append(_names(_pattern(names["pattern"]), names["patternErrorMessage"]))
        for keyword, most in (("oneOf", 1), ("anyOf", None)):
            if keyword in left:
                checks.append(_choice(_single_keys(left.pop(keyword)), most))
        if "dependentRequired" in left:
            checks.append(_companions(left.pop("dependentRequired")))
        if "required" in left:
            checks.append(_required(left.pop("required")))
        return checks

    def _members(self, left: dict[str, Any]) -> Check:
        known = {key: self.check(sub) for key, sub in left.pop("properties", {}).items()}
        patterns = [
            (_pattern(pattern).search, self.check(sub))
            for pattern, sub in left.pop("patternProperties", {}).items()
        ]
        if len(patterns) + bool(known) > 1:
            raise ValueError("properties and patternProperties that could overlap")
        rest = left.pop("additionalProperties", True)
        other = None if rest is False else _accept if rest is True else self.check(rest)
        refused = left.pop("x-refused", {})
        beside = left.pop("x-beside", None)

        def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
            for name, child in node.value.items():
                found = known.get(name)
                if found is None and patterns:
                    found = next((sub for search, sub in patterns if search(name)), None)
                if found is None:
                    found = other
                if found is not None:
                    found(child, node, name, report)
                elif beside is not None:
                    report.conflict(node, name, beside)
                else:
                    report.unknown_key(node, name, known, refused.get(name))

        return check


# --- the parts ---------------------------------------------------------------------------------


def _test(holds: Callable[[Any], bool], expected: str, rule: str) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        if not holds(node.value):
            report.bad_value(node, key, expected, rule)

    return check


def _enum(members: list[Any]) -> Check:
    allowed = frozenset(members)
    known = [member for member in members if isinstance(member, str)]
    if len(known) + (None in allowed) != len(members):
        raise ValueError("an enum of something else than strings and null")
    expected = _one_of(known)

    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        value = node.value
        if type(value) is dict or type(value) is list or value not in allowed:
            report.bad_value(node, key, expected, known=known)

    return check


def _one_of(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _const(wanted: int, rule: str) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        if isinstance(node.value, bool) or node.value != wanted:
            report.bad_value(node, key, str(wanted), rule)

    return check


def _condition(schema: Mapping[str, Any]) -> Callable[[Node], bool]:
    """The two conditions in use: a key is there; the value is of a type."""
    match schema:
        case {"required": [str(name)]} if len(schema) == 1:
            return lambda node: type(node.value) is not dict or name in node.value
        case {"type": str(name)} if len(schema) == 1:
            kinds = _TYPES[name]
            return lambda node: type(node.value) in kinds
    raise ValueError(f"a condition that is not understood: {schema}")


def _branch(test: Callable[[Node], bool], then: Check, otherwise: Check) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        (then if test(node) else otherwise)(node, parent, key, report)

    return check


def _not_empty(node: Node, parent: Node | None, key: Key, report: Report) -> None:
    if not node.value:
        report.bad_value(node, key, "a list with at least one element")


def _each(item: Check) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        for index, child in enumerate(node.value):
            item(child, node, index, report)

    return check


def _unique(node: Node, parent: Node | None, key: Key, report: Report) -> None:
    seen: set[Any] = set()
    for index, child in enumerate(node.value):
        value = _identity(child)
        if value in seen:
            report.bad_value(child, index, "each element once")
        seen.add(value)


def _identity(node: Node) -> Any:
    """Equal for two nodes that are equal as JSON: 1 is 1.0, and not true."""
    value = node.value
    if type(value) is list:
        return ("list", tuple(_identity(child) for child in value))
    if type(value) is dict:
        return ("map", frozenset((name, _identity(child)) for name, child in value.items()))
    return (isinstance(value, bool), value)


def _names(pattern: re.Pattern[str], expected: str) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        for name in node.value:
            if not pattern.search(name):
                report.bad_name(node, name, expected)

    return check


def _required(wanted: list[str]) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        for name in wanted:
            if name not in node.value:
                report.missing(node, parent, key, [name])

    return check


def _choice(choices: list[str], most: int | None) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        present = [name for name in node.value if name in choices]
        if not present:
            report.missing(node, parent, key, choices)
        elif most is not None:
            for name in present[most:]:
                report.conflict(node, name, present[0])

    return check


def _companions(wanted: Mapping[str, list[str]]) -> Check:
    def check(node: Node, parent: Node | None, key: Key, report: Report) -> None:
        for name, companions in wanted.items():
            for companion in companions:
                if name in node.value and companion not in node.value:
                    report.stray(node, name, companion)

    return check


def _single_keys(alternatives: list[Mapping[str, Any]]) -> list[str]:
    for schema in alternatives:
        if list(schema) != ["required"] or len(schema["required"]) != 1:
            raise ValueError("oneOf and anyOf are for single required keys")
    return [schema["required"][0] for schema in alternatives]


def _pattern(pattern: str) -> re.Pattern[str]:
    # `$` is the very end in JSON Schema (ECMA 262); in Python it also is before a last newline
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types
