"""retry-cap-below-base: waits that can never be what the policy says."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    retry, node = compiled.task.retry, compiled.node.get("retry")
    if node is not None and retry.retries and retry.cap < retry.base:
        message = f"no wait is longer than {retry.cap:g}s, so `base: {retry.base:g}s` says nothing"
        key = "base" if node.get("base") is not None else "cap"
        yield RULE.at(node, message, "raise `cap`, or lower `base`", key=key)


RULE = Rule(
    name="retry-cap-below-base",
    severity=Severity.WARNING,
    summary="The cap of the waits between retries is below the first of them.",
    avoid="retry: {retries: 4, base: 30s, cap: 10s}",
    prefer="retry: {retries: 4, base: 2s, cap: 30s}",
    why=(
        "All waits are drawn up to the cap and none grows: under a longer outage the retries are "
        "spent sooner than the policy reads."
    ),
    check=check,
)
