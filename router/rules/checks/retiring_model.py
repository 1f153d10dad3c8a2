"""retiring-model: the model goes soon; change it while there is time to test."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.pins import judged_models, moved_on
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_WARN_DAYS = 60  # the notice that Anthropic gives before it retires a model
_ERROR_DAYS = 14


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for verdict, node in judged_models(compiled, facts):
        left = verdict.days_left
        if verdict.kind != "retiring" or (left is not None and left >= _WARN_DAYS):
            continue
        near = left is not None and left < _ERROR_DAYS
        when = f"retires on {verdict.retires}" if verdict.retires else "is deprecated"
        days = f", in {left} days" if left is not None else ""
        yield RULE.at(
            node,
            f"`{verdict.name}` {when}{days}",
            f"move to `{verdict.replacement}`" if verdict.replacement else None,
            severity=Severity.ERROR if near else Severity.WARNING,
            fix=moved_on(verdict, node, facts),
        )


RULE = Rule(
    name="retiring-model",
    severity=Severity.WARNING,
    summary="A tier uses a model that is deprecated or retires within 60 days.",
    avoid="models: {sonnet: claude-sonnet-4-5-20250929}",
    prefer="models: {sonnet: claude-sonnet-5-5}",
    why=(
        "On the day of its retirement every call fails. A new model wants new thresholds and a "
        "test; that takes longer than a day. From 14 days before the date on it is an error."
    ),
    configure="The dates come from the catalog (`router models`). As an error it stays.",
    needs="catalog",
    mends="unsafe",
    check=check,
)
