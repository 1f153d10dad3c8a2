"""Another revision, the same behaviour: what is only written in another way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.diffing.changes import Change, Kind
from router.diffing.texts import canonical
from router.lint.sources import Linted

__all__ = ["respelt"]

_MOST = 4


def respelt(
    old: CompiledTask, new: CompiledTask, before: Linted, after: Linted
) -> Iterator[Change]:
    """Where a task is written differently although it is the same task."""
    places = list(_places(old.node.plain(), new.node.plain(), ""))
    if places:
        shown = ", ".join(places[:_MOST])
        more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
        where = f"written differently at {shown}{more}"
    elif set(before.files) != set(after.files):
        where = "files moved or renamed"
    else:
        where = "files written differently"
    yield Change(Kind.SPELLING, "", where, behaves=False)


def _places(old: Any, new: Any, path: str) -> Iterator[str]:
    if canonical(old) == canonical(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            here = f"{path}.{key}" if path else key
            if key not in old or key not in new:
                yield here
            else:
                yield from _places(old[key], new[key], here)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _places(one, other, f"{path}[{index}]")
    else:
        yield path
