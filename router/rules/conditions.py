"""Conditions as rules look at them: each with its place, and what its comparisons are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from router.compiler.compilation import CompiledTask
from router.compiler.evaluation import Comparison
from router.compiler.model import Condition
from router.policy.nodes import Node, SourceText
from router.rules.ladder import tier_nodes
from router.rules.prompts import once
from router.rules.schemas import checked
from router.rules.text_places import place_in_scalar
from router.types import Span

__all__ = ["Written", "compared", "comparison_place", "written_conditions"]


class Written(NamedTuple):
    """A condition and the scalar that it is written in."""

    condition: Condition
    node: Node

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Every comparison of a path with a constant in it."""
        return cast("tuple[Comparison, ...]", getattr(self.condition, "comparisons", ()))


def written_conditions(compiled: CompiledTask) -> tuple[Written, ...]:
    """The conditions of start and escalation rules."""
    return once(compiled, "conditions", lambda: tuple(_written(compiled)))


def _written(compiled: CompiledTask) -> Iterator[Written]:
    node = compiled.node
    for index, start in enumerate(compiled.task.start):
        yield Written(start.when, node.at("start", index, "when") or node)
    for tier, place in tier_nodes(compiled):
        for index, rule in enumerate(tier.escalate):
            if rule.when is not None:
                yield Written(rule.when, place.at("escalate", index, "when") or place)


def compared(compiled: CompiledTask) -> tuple[tuple[Written, Comparison, Mapping[str, Any]], ...]:
    """Every comparison whose subject has one schema that says something, and that schema."""
    return once(compiled, "compared", lambda: tuple(_compared(compiled)))


def _compared(
    compiled: CompiledTask,
) -> Iterator[tuple[Written, Comparison, Mapping[str, Any]]]:
    for written in written_conditions(compiled):
        for comparison in written.comparisons:
            schema = _subject(compiled, comparison)
            if schema is not None:
                yield written, comparison, schema


def _subject(compiled: CompiledTask, comparison: Comparison) -> Mapping[str, Any] | None:
    """The schema of what is compared; None where more than one, or none that says anything."""
    task, path = compiled.task, comparison.path
    if path == ("confidence",):
        return {"type": "number", "minimum": 0, "maximum": 1}
    if path == ("tier",):
        return {"enum": [tier.name for tier in task.tiers]}
    if path[0] == "output":
        schema, path = task.output, path[1:]
    else:
        schema = task.input
    if schema is None or not path:
        return None
    found = checked(schema).at(path)
    return found[0] if len(found) == 1 and found[0] else None


def comparison_place(written: Written, comparison: Comparison) -> tuple[SourceText, Span]:
    """Where the constant of a comparison stands, or what it is compared with."""
    node, source = written.node, str(written.node.value)
    values = comparison.value if isinstance(comparison.value, list) else [comparison.value]
    shown = [f"{q}{value}{q}" for value in values if isinstance(value, str) for q in "\"'"]
    for text in (*shown, ".".join(comparison.path)):
        offset = source.find(text)
        if offset >= 0:
            span = place_in_scalar(node, offset, len(text))
            return node.source, span or node.span
    return node.source, node.span
