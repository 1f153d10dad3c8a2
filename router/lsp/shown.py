"""Findings as an editor shows them: diagnostics, hovers, edits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from router.lsp.positions import Ruler
from router.types import Finding, Fix, Severity

__all__ = ["FIX_ALL", "Shown", "fix_all", "hover", "quick_fix", "show", "suppression"]

Json = dict[str, Any]
FIX_ALL: Final = "source.fixAll.router"
"""The kind of the action that makes all fixes of a file; editors can ask for it on saving."""
_SEVERITY: Final = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding and the diagnostic that stands for it in the editor."""

    finding: Finding
    diagnostic: Json


def show(finding: Finding, ruler: Ruler) -> Shown:
    """The diagnostic of a finding; the rule's name is its code."""
    said = [finding.message, *finding.notes]
    if finding.help:
        said.append(f"help: {finding.help}")
    return Shown(
        finding,
        {
            "range": ruler.range(finding.span),
            "severity": _SEVERITY[finding.severity],
            "code": finding.rule,
            "source": "router",
            "message": "\n".join(said),
        },
    )


def hover(found: Iterable[Shown]) -> Json | None:
    """What the findings of one place say and, once for each rule, the rule's page."""
    from router.rules.pages import render
    from router.rules.registry import rule

    said: list[str] = []
    rules: dict[str, None] = {}
    for one in found:
        finding = one.finding
        message = one.diagnostic["message"].replace("\n", "  \n")  # Markdown's line break
        said.append(f"**{finding.severity}[{finding.rule}]** {message}")
        rules[finding.rule] = None
    if not said:
        return None
    pages = [render(rule(name)) for name in rules]
    return {"kind": "markdown", "value": "\n\n---\n\n".join(["\n\n".join(said), *pages])}


def quick_fix(shown: Shown, fix: Fix, changes: Json) -> Json:
    """The code action that mends a finding; `changes` are the fix's edits by URI."""
    warning = "" if fix.safe else " (may change what the policy does)"
    return {
        "title": f"{fix.message[:1].upper()}{fix.message[1:]}{warning}",
        "kind": "quickfix",
        "diagnostics": [shown.diagnostic],
        "isPreferred": fix.safe,
        "edit": {"changes": changes},
    }


def suppression(shown: Shown, changes: Json) -> Json:
    """The code action that suppresses a finding; the author says why, or it counts for nothing."""
    return {
        "title": f"Ignore {shown.finding.rule} here, with a reason",
        "kind": "quickfix",
        "diagnostics": [shown.diagnostic],
        "edit": {"changes": changes},
    }


def fix_all(changes: Json) -> Json:
    """The code action that makes every safe fix of a file."""
    return {"title": "Make all safe fixes", "kind": FIX_ALL, "edit": {"changes": changes}}
