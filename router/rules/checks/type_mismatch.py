"""type-mismatch: a comparison with a value that can never be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.compiler.evaluation import Comparison
from router.policy.suggest import did_you_mean
from router.rules.base import Facts, Rule
from router.rules.conditions import compared, comparison_place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for written, comparison, schema in compared(compiled):
        said = _mismatch(schema, comparison)
        if said is not None:
            yield RULE.at_place(comparison_place(written, comparison), *said)


def _mismatch(schema: Mapping[str, Any], comparison: Comparison) -> tuple[str, str | None] | None:
    path, value = ".".join(comparison.path), comparison.value
    several = comparison.operator in ("in", "not in")
    if several and not isinstance(value, list):
        return None
    values = value if several else [value]
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is not None:
        if not several and comparison.operator not in ("==", "!="):
            return None
        for one in values:
            if one is not None and one not in allowed:
                return _not_allowed(path, one, allowed)
        return None
    kinds = _kinds(schema)
    for one in values:
        if kinds and not _fits(one, kinds):
            return f"`{path}` is {_or(kinds)}, never {_shown(one)}", None
    return None


def _not_allowed(path: str, value: Any, allowed: list[Any]) -> tuple[str, str | None]:
    names = [one for one in allowed if isinstance(one, str)]
    near = did_you_mean(value, names) if isinstance(value, str) else None
    listed = ", ".join(map(str, allowed[:12])) + (", …" if len(allowed) > 12 else "")
    return f"`{path}` is never {_shown(value)}", near or f"it is one of {listed}"


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type")
    return list(kind) if isinstance(kind, list) else [kind] if isinstance(kind, str) else []


def _fits(value: Any, kinds: list[str]) -> bool:
    if value is None:
        return True  # asks whether something is there
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, int | float):
        return "number" in kinds or "integer" in kinds
    if isinstance(value, str):
        return "string" in kinds
    return "array" in kinds or "object" in kinds


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _or(kinds: list[str]) -> str:
    named = [f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" for kind in kinds]
    return " or ".join(named)


RULE = Rule(
    name="type-mismatch",
    severity=Severity.ERROR,
    summary="A condition compares with a value that the schema never allows.",
    avoid='escalate: [{when: output.label == "abusive"}]   # the enum says abuse',
    prefer='escalate: [{when: output.label == "abuse"}]',
    why="The condition never holds (or always does), so the rule is dead and nobody notices.",
    configure="Correct the condition, or add the value to the schema.",
    check=check,
)
