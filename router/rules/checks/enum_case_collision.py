"""enum-case-collision: two values of an enum that differ by letter case only."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.schemas import output_schemas, place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for path, schema in output_schemas(compiled):
        values = schema.get("enum")
        if not isinstance(values, list):
            continue
        seen: dict[str, str] = {}
        for index, value in enumerate(values):
            if not isinstance(value, str):
                continue
            first = seen.setdefault(value.strip().casefold(), value)
            if first != value:
                node, key = place(compiled, "output", (*path, "enum", index))
                message = f"`{value}` and `{first}` differ by letter case only"
                yield RULE.at(node, message, "give one of them another name", key=key)


RULE = Rule(
    name="enum-case-collision",
    severity=Severity.WARNING,
    summary="Two values of an output's enum differ by letter case only.",
    avoid="label: {enum: [US, us]}",
    prefer="label: {enum: [united_states, pronoun]}",
    why=(
        "The API does not promise the letter case of enum values, so answers are put right by it: "
        "`Us` could be either and is refused. Samples that differ by case count as one vote."
    ),
    check=check,
)
