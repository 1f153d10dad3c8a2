"""retired-model: the API no longer answers under this name."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.pins import judged_models, moved_on
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for verdict, node in judged_models(compiled, facts):
        if verdict.kind == "retired":
            when = f" on {verdict.since}" if verdict.since is not None else ""
            instead = f"use `{verdict.replacement}`" if verdict.replacement else None
            message = f"`{verdict.name}` was retired{when}"
            yield RULE.at(node, message, instead, fix=moved_on(verdict, node, facts))


RULE = Rule(
    name="retired-model",
    severity=Severity.ERROR,
    summary="A tier uses a model that has been retired.",
    avoid="models: {opus: claude-opus-4-1-20250805}",
    prefer="models: {opus: claude-opus-5-5}",
    why="The API answers 404 for a retired model: the tier can never answer.",
    configure="`router models` shows what is current, and replacements.",
    needs="catalog",
    mends="unsafe",
    check=check,
)
