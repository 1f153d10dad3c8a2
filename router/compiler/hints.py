"""Help lines: the nearest known name, or all of them where they are few."""

from __future__ import annotations

from collections.abc import Iterable

from router.policy.suggest import did_you_mean

__all__ = ["name_hint"]

_FEW = 12


def name_hint(name: str, known: Iterable[str], what: str) -> str | None:
    """`did you mean ...?`, else `what: a, b, c` where there are few, else None."""
    names = sorted(known)
    near = did_you_mean(name, names)
    if near is None and 0 < len(names) <= _FEW:
        return f"{what}: {', '.join(names)}"
    return near
