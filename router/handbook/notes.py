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
        _prose(finding.message),
        (" (", _prose(finding.help), ")") if finding.help else None,
        " ",
        el("small", str(finding.span)),
    )


def _prose(text: str) -> Child:
    """Text with what stands between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return text  # one that is not closed
    return tuple(el("code", piece) if index % 2 else piece for index, piece in enumerate(pieces))
