"""alias-model: a name that stands for another model tomorrow."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, replace_scalar
from router.rules.base import Facts, Rule
from router.rules.pins import judged_models
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for verdict, node in judged_models(compiled, facts):
        if verdict.kind == "alias" and verdict.model is not None:
            message = f"`{verdict.name}` is an alias of `{verdict.model.id}`, not a pin"
            pin = f"write `{verdict.model.id}`"
            remedy = fix(pin, replace_scalar(node, verdict.model.id))
            yield RULE.at(node, message, pin, fix=remedy)


RULE = Rule(
    name="alias-model",
    severity=Severity.ERROR,
    summary="A tier names its model by an alias instead of a pinned id.",
    avoid="models: {haiku: claude-haiku-4-5}",
    prefer="models: {haiku: claude-haiku-4-5-20251001}",
    why=(
        "An alias moves to another snapshot without a change in your policy: answers, prices and "
        "thresholds change unreviewed. The catalog decides what a pin is, not the spelling: from "
        "the 4.6 generation on, ids without a date are pins."
    ),
    configure="Runs are only comparable when they name one model.",
    needs="catalog",
    mends="safe",
    check=check,
)
