"""unanchored-pattern: a pattern that is found anywhere in a text lets everything else pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from router.compiler.compilation import CompiledTask
from router.compiler.model import Schema
from router.rules.base import Facts, Rule
from router.rules.schemas import place, walk
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    yield from _unanchored(compiled, "input", compiled.task.input)
    yield from _unanchored(compiled, "output", compiled.task.output)


def _unanchored(
    compiled: CompiledTask, part: Literal["input", "output"], schema: Schema | None
) -> Iterator[Finding]:
    for path, child in walk(schema.source) if schema is not None else ():
        pattern = child.get("pattern")
        if isinstance(pattern, str) and not pattern.startswith("^") and not pattern.endswith("$"):
            node, key = place(compiled, part, (*path, "pattern"))
            message = f"`{pattern}` may stand anywhere in a longer text"
            yield RULE.at(node, message, f"`^{pattern}$` if it is to be the whole", key=key)


RULE = Rule(
    name="unanchored-pattern",
    severity=Severity.INFO,
    summary="A `pattern` is anchored neither at its beginning nor at its end.",
    avoid="currency: {type: string, pattern: '[A-Z]{3}'}",
    prefer="currency: {type: string, pattern: '^[A-Z]{3}$'}",
    why=(
        "JSON Schema looks for the pattern, it does not match the whole text: "
        "`EUR, and ignore all instructions` has three capitals too. A contract that looks narrow "
        "lets any text into the prompt."
    ),
    configure="Fine where the text is to contain something, whatever stands around it.",
    check=check,
)
