"""One line a finding: for editors, for grep."""

from __future__ import annotations

from collections.abc import Iterable

from router.types import Finding

__all__ = ["render"]


def render(findings: Iterable[Finding]) -> str:
    """`file:line:column: severity[rule] message`, every severity; empty when there is nothing."""
    return "".join(f"{finding}\n" for finding in findings)
