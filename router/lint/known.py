"""A baseline at work: which findings of the roots at hand are known, and which entries stale."""

from __future__ import annotations

import os
from pathlib import Path

from router.lint.baseline import Baseline, Identities, read_baseline, write_baseline
from router.lint.linter import Part
from router.lint.paths import absolute
from router.lint.report import Hidden

__all__ = ["without_known"]


def without_known(path: Path, parts: list[Part], *, infos: bool, renew: bool = False) -> list[Part]:
    """The parts without what the baseline knows; with `renew` it is written first.

    Args:
        infos: whether infos are known too.

    Raises:
        SettingsError: the baseline cannot be used.
    """
    lies = absolute(path).parent

    def named(file: str) -> str:
        return Path(os.path.relpath(absolute(Path(file)), lies)).as_posix()

    entries = []
    for part in parts:
        identities = Identities(part.read, named, infos=infos)
        entries.append([identities.entry(finding) for finding in part.findings])
    linted = {named(file) for part in parts for file in part.files}
    if renew:
        # What was not linted now is as known as before.
        old = read_baseline(path).entries if path.exists() else ()
        kept = [entry for entry in old if entry.file not in linted and (lies / entry.file).exists()]
        found = [entry for some in entries for entry in some if entry is not None]
        write_baseline(path, [*kept, *found])
        count = len(kept) + len(found)
        written = f"{count} known finding{'' if count == 1 else 's'} written to {path}"
    left, compared = read_baseline(path), []
    for part, some in zip(parts, entries, strict=True):
        one = left.compare(part.findings, some)
        hidden = tuple(Hidden(finding, "baseline", f"known in {path}") for finding in one.known)
        compared.append(part._replace(findings=one.new, hidden=(*part.hidden, *hidden)))
        left = Baseline(one.stale)
    gone = [one for one in left.entries if one.file in linted or not (lies / one.file).exists()]
    if renew and compared:
        compared[0] = compared[0]._replace(notes=(*compared[0].notes, written))
    if gone and compared:
        stale = [f"{path}: {one} is no longer found; --write-baseline drops it" for one in gone]
        compared[-1] = compared[-1]._replace(notes=(*compared[-1].notes, *stale))
    return compared
