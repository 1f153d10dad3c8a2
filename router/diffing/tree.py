"""The policy root as a commit has it: Sources over a git tree, links followed within it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from typing import Final

from router.diffing.git import Entry, Repository
from router.errors import UsageError
from router.policy.sources import SourceError, is_policy_name
from router.reloading.sources import MAX_FILE_BYTES

__all__ = ["TreeSources"]

_LINK: Final = "120000"
_MODULE: Final = "160000"
_MOST_LINKS: Final = 40  # as Linux counts them


class TreeSources:
    """What `DirectorySources` would give of a checkout of the tree, without one.

    Not for several threads at once.
    """

    def __init__(
        self, repository: Repository, entries: Mapping[str, Entry], only: str | None = None
    ) -> None:
        """
        Args:
            entries: every file below the policy root, by path from there.
            only: the one policy file, where the root is a file.
        """
        self._repository = repository
        self._entries = entries
        self._only = only
        self._folders = {""} | {
            "/".join(parts[:count])
            for parts in (path.split("/") for path in entries)
            for count in range(1, len(parts))
        }
        self._bytes: dict[str, bytes] = {}

    def policy_files(self) -> tuple[str, ...]:
        """Policy files, sorted. Names that cannot be printed are listed and refused on reading."""
        if self._only is not None:
            return (self._only,)
        named = {path for path in self._entries if is_policy_name(path)}
        for path, entry in self._entries.items():
            if entry.mode == _LINK and not _passed_over(path):
                named |= self._behind(path)
        return tuple(sorted(named - {path for path in named if self._is_folder(path)}))

    def read(self, path: str) -> bytes:
        """The bytes of one file, the same on every call.

        Raises:
            SourceError: `missing`, `outside_root`, `not_a_file`, `too_large` or `unreadable`.
        """
        data = self._bytes.get(path)
        if data is None:
            data = self._bytes[path] = self._read(path)
        return data

    def _read(self, path: str) -> bytes:
        if not path.isprintable():
            shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path)
            raise SourceError(
                "unreadable", f"{shown}: the name has characters that cannot be shown"
            )
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise SourceError("outside_root", f"{path!r} is not a path inside the policy root")
        real = self._locate(path)
        entry = self._entries.get(real)
        if entry is None and real in self._folders:
            raise SourceError("not_a_file", f"{path}: a directory")
        if entry is None:
            raise SourceError("missing", f"{path}: no such file")
        if entry.mode == _MODULE:
            raise SourceError("not_a_file", f"{path} is a submodule: its files are not in the tree")
        if entry.size > MAX_FILE_BYTES:
            raise SourceError("too_large", f"{path} is larger than {MAX_FILE_BYTES:,} bytes")
        return self._blob(path, entry)

    def _blob(self, path: str, entry: Entry) -> bytes:
        try:
            return self._repository.blob(entry.oid)
        except UsageError as error:
            raise SourceError("unreadable", f"{path}: {error.message}") from None

    def _locate(self, path: str) -> str:
        """The path with every link in it followed; always inside the root."""
        left = path.split("/")
        real = ""
        links = 0
        while left:
            step = left.pop(0)
            if step in ("", "."):
                continue
            if step == "..":
                if not real:
                    raise SourceError("outside_root", f"{path} is a link out of the policy root")
                real = posixpath.dirname(real)
                continue
            here = f"{real}/{step}" if real else step
            entry = self._entries.get(here)
            if entry is None or entry.mode != _LINK:
                real = here
                continue
            links += 1
            if links > _MOST_LINKS:
                raise SourceError("unreadable", f"{path}: a link that leads to itself")
            target = os.fsdecode(self._blob(path, entry))
            if target.startswith("/"):
                raise SourceError("outside_root", f"{path} is a link out of the policy root")
            left = [*target.split("/"), *left]
        return real

    # --- links to directories ----------------------------------------------------------------

    def _is_folder(self, path: str) -> bool:
        entry = self._entries.get(path)
        if entry is None or entry.mode != _LINK:
            return False
        try:
            return self._locate(path) in self._folders
        except SourceError:
            return False

    def _behind(self, link: str) -> set[str]:
        """Policies in a directory that only a link leads to (the layout of a mounted ConfigMap).

        A directory that has a name of its own is listed under that one.
        """
        try:
            real = self._locate(link)
        except SourceError:  # out of the root or in a circle: it holds nothing of ours
            return set()
        if real not in self._folders or not real or not _passed_over(f"{real}/x"):
            return set()
        below = (path for path in self._entries if path.startswith(f"{real}/"))
        found = {f"{link}{path.removeprefix(real)}" for path in below}
        return {path for path in found if is_policy_name(path)}


def _passed_over(path: str) -> bool:
    """Whether a path lies in, or is, what policies are not looked for in."""
    return any(part.startswith((".", "_")) for part in path.split("/"))
