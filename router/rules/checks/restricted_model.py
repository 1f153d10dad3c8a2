"""restricted-model: a model that not every key may call."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.pins import judged_models
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for verdict, node in judged_models(compiled, facts):
        if verdict.model is not None and verdict.model.access == "restricted":
            message = f"`{verdict.name}` is open to verified organisations only"
            yield RULE.at(node, message, "make sure that the deployment's key may call it")


RULE = Rule(
    name="restricted-model",
    severity=Severity.WARNING,
    summary="A tier uses a model that only some organisations may call.",
    avoid="models: {best: claude-mythos-5-2}",
    prefer="models: {best: claude-fable-5-2}",
    why=(
        "With any other key every call of the tier fails. That shows when the first run gets "
        "there, which on the last tier of a ladder may be weeks later."
    ),
    configure="Suppress it where the organisation is known to have access.",
    needs="catalog",
    check=check,
)
