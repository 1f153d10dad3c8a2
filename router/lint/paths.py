"""Paths as they are typed in, and the policy roots that they lie in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from router.reloading.sources import shown_name
from router.types import Edit, Finding, Span

__all__ = ["absolute", "inside", "relative", "renamed", "root_of", "same"]


def root_of(path: Path, root: Path) -> Path:
    """The root that a path is judged in: `root` where it lies in it, else itself or its folder."""
    if root.is_dir() and inside(path, root):
        return root
    return path if path.is_dir() else path.parent


def absolute(path: Path) -> Path:
    """From the working directory, without `..`; links are kept, as they are names in a root."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolving would follow links


def inside(path: Path, root: Path) -> bool:
    """Whether a path lies in a root, by its name."""
    return absolute(path).is_relative_to(absolute(root))


def same(path: Path, root: Path) -> bool:
    """Whether a path is the root."""
    return absolute(path) == absolute(root)


def relative(path: Path, root: Path) -> str:
    """A path of a root as the root's policies name it."""
    return shown_name(absolute(path).relative_to(absolute(root)).as_posix())


def renamed(finding: Finding, name: Callable[[str], str]) -> Finding:
    """The finding, and its fix, with files called otherwise."""

    def called(span: Span) -> Span:
        return replace(span, file=name(span.file))

    fix = finding.fix
    if fix is not None:
        edits = tuple(Edit(called(edit.span), edit.text) for edit in fix.edits)
        fix = replace(fix, edits=edits)
    return replace(finding, span=called(finding.span), fix=fix)
