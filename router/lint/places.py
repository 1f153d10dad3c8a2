"""Files as code hosts name them, and fingerprints that outlive moved lines."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from router.hashing import sha256
from router.lint.report import Report
from router.types import Finding

__all__ = ["absolute", "base_of", "fingerprints", "hosted"]


def base_of(directory: Path) -> Path:
    """The root of the repository that `directory` lies in, or else `directory`.

    A repository has `.git`, which is a file in a work tree of another one.
    """
    for folder in (directory, *directory.parents):
        if os.path.exists(folder / ".git"):  # noqa: PTH110 - False where one may not look
            return folder
    return directory


def absolute(file: str, report: Report) -> str:
    """The file's absolute path; links in it are kept, as they are names in the repository."""
    return os.path.normpath(os.path.join(report.directory, file))  # noqa: PTH118 - keeps `..` text


def hosted(file: str, report: Report) -> str:
    """The file from the base, with `/`; absolute where it does not lie there."""
    path = Path(absolute(file, report))
    return (
        path.relative_to(report.base).as_posix() if path.is_relative_to(report.base) else str(path)
    )


def fingerprints(findings: Iterable[Finding], report: Report) -> list[str]:
    """A name for each finding that stays when lines above it come or go.

    Made of the rule, the file, the text of the line and, where that is not enough, the order.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    names = []
    for finding in findings:
        line = (finding.source_line or finding.message).strip()
        key = (finding.rule, hosted(finding.span.file, report), line)
        text = "\0".join((*key, str(seen[key])))
        names.append(sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32])
        seen[key] += 1
    return names
