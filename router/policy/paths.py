"""Where a path that is written in a policy leads: relative to its file, never out of the root.

Only the text is judged here. That a symbolic link does not lead out either is for the sources.
"""

from __future__ import annotations

import posixpath
import re

__all__ = ["PathEscape", "resolve_path"]

_DRIVE = re.compile(r"[A-Za-z]:")


class PathEscape(ValueError):
    """A path that may not be written in a policy; the message says why."""


def resolve_path(path: str, beside: str) -> str:
    """The path relative to the policy root of `path` as written in the file `beside`.

    Raises:
        PathEscape: it is absolute, a URL, not a POSIX path, or leads out of the root.
    """
    if "://" in path:
        raise PathEscape("a URL: policies refer to files only")
    if path.startswith(("/", "~")) or _DRIVE.match(path):
        raise PathEscape("an absolute path: write it relative to this file")
    if "\\" in path or "\0" in path:
        raise PathEscape("not a path that works everywhere: write `/` between its parts")
    found = posixpath.normpath(posixpath.join(posixpath.dirname(beside), path))
    if found == ".." or found.startswith("../"):
        raise PathEscape("a path out of the policy root")
    return found
