"""reasoning-field: a field name that may be taken for an attempt to extract thoughts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.schemas import Path, output_schemas, place, walk
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_WORDS = frozenset({"reasoning", "thinking", "trace"})


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    models = [facts.model(tier) for tier in task.tiers]
    if not any(m and m.capabilities and m.capabilities.safety_refusals for m in models):
        return
    for path in _named(path for path, _ in output_schemas(compiled)):
        node, key = place(compiled, "output", path)
        yield RULE.at(node, *_said(path), key=key)
    for index, tool in enumerate(task.tools):
        written = compiled.node.at("tools", index, "input_schema")
        for path in _named(path for path, _ in walk(tool["input_schema"])):
            parent = written.at(*path[:-1]) if written is not None else None
            yield RULE.at(parent or compiled.node, *_said(path), key=str(path[-1]))


def _named(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if len(path) >= 2 and path[-2] == "properties":
            words = str(path[-1]).lower().replace("-", "_").split("_")
            if words[-1] in _WORDS or words[0] in ("reasoning", "thinking"):
                yield path


def _said(path: Path) -> tuple[str, str]:
    message = f"a field named `{path[-1]}` can trigger a refusal that is billed"
    return message, "call it `explanation` or `evidence`"


RULE = Rule(
    name="reasoning-field",
    severity=Severity.WARNING,
    summary="A field of the answer is named reasoning, thinking or trace.",
    avoid="output: {properties: {reasoning: {type: string}, label: …}}",
    prefer="output: {properties: {explanation: {type: string}, label: …}}",
    why=(
        "The newest models refuse what looks like an attempt to extract their thoughts "
        "(stop reason `refusal`, category reasoning_extraction), and such a refusal is billed."
    ),
    configure="Rename the field; ask for `explanation` or `evidence`.",
    needs="catalog",
    check=check,
)
