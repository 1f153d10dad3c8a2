"""yaml11-ambiguous: a plain value means one thing in YAML 1.2 and another in YAML 1.1."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="yaml11-ambiguous",
    severity=Severity.WARNING,
    summary="A plain value means one thing in YAML 1.2 and another in YAML 1.1.",
    avoid="tags: {answer: no, at: 1:30}",
    prefer='tags: {answer: "no", at: "1:30"}',
    why=(
        "Policies are read as YAML 1.2: `no` is text. Other tools that read the file still "
        "follow 1.1 and see false, 90 seconds or an octal number."
    ),
    configure="Put the value in quotes.",
    mends="safe",
)
