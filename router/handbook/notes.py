"""What lint has to say, as a list."""

from __future__ import annotations

from collections.abc import Iterable

from router.handbook.html import Child, Element, el
from router.types import Finding

__all__ = ["finding_list"]


def finding_list(findings: Iterable[Finding]) -> Element:
    """Each finding with its severity, rule, place and help."""
    return el("ul", *(el("li", *_said(one)) for one in findings), class_="plain findings")


def _said(finding: Finding) -> tuple[Child, ...]:
    return (
        el("span", finding.severity.value, class_=f"badge {finding.severity.value}"),
        " ",
        el("code", finding.rule),
        " ",
        finding.message,
        (" (", finding.help, ")") if finding.help else None,
        " ",
        el("small", str(finding.span)),
    )
