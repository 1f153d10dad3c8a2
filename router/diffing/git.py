"""A git repository, read through the `git` program: no checkout, no shell, nothing written."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from router.errors import UsageError
from router.git import ask_git, git_environment, git_program, git_said

__all__ = ["Entry", "Repository"]

MAX_ENTRIES: Final = 100_000
_NAME: Final = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*")


class Entry(NamedTuple):
    """One entry of a tree. `mode` is git's, as text: 100644, 100755, 120000 (link), 160000."""

    mode: str
    oid: str
    size: int


class Repository:
    """One repository. A context manager: `git cat-file` stays open for all objects read.

    Objects are taken as they were committed: filters and line-end conversions of a checkout are
    not applied, and nothing is fetched that a partial clone lacks.
    """

    def __init__(self, top: Path, prefix: str) -> None:
        """
        Args:
            top: the top of the working tree.
            prefix: where the caller stands in it, POSIX, ending in a slash unless empty.
        """
        self.top = top
        self.prefix = prefix
        self._objects: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    def around(cls, path: Path) -> Repository:
        """The repository that a directory lies in.

        Raises:
            UsageError: there is none, git is not installed, or git refuses to read it.
        """
        done = ask_git(path, "rev-parse", "--show-toplevel", "--show-prefix")
        if done.returncode:
            raise UsageError(f"{path} is in no git repository that can be read: {git_said(done)}")
        lines = os.fsdecode(done.stdout).split("\n")
        return cls(Path(lines[0]), lines[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for objects in self._objects.values():
            if objects.stdin is not None and objects.stdout is not None:
                with suppress(OSError):
                    objects.stdin.close()
                objects.stdout.close()
            objects.wait()
        self._objects.clear()

    def commit(self, name: str) -> str | None:
        """The id of the commit that a name stands for (`main`, `HEAD~3`, a tag, an id), if any."""
        if name.startswith("-") or not _NAME.fullmatch(name):
            return None
        done = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None where they share nothing that is here."""
        done = self._run("merge-base", one, other)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def at(self, commit: str, path: str) -> tuple[str, str] | None:
        """Kind (tree, blob, commit) and id of what a commit has at a path; None for nothing."""
        found = self._object(f"{commit}:{path}" if path else f"{commit}^{{tree}}", content=False)
        return None if found is None else (found[0], found[1])

    def tree(self, oid: str) -> dict[str, Entry]:
        """Every file below a tree, by path; names that are no UTF-8 keep their bytes escaped.

        Raises:
            UsageError: there are too many, or git cannot read it.
        """
        done = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", oid)
        if done.returncode:
            raise UsageError(f"git cannot list the tree {oid}: {git_said(done)}")
        lines = done.stdout.split(b"\0")[:-1]
        if len(lines) > MAX_ENTRIES:
            raise UsageError(f"more than {MAX_ENTRIES:,} files under the policy root in git")
        return dict(_entry(line) for line in lines)

    def blob(self, oid: str) -> bytes:
        """The bytes of a file.

        Raises:
            UsageError: the object is not here, as in a partial clone.
        """
        found = self._object(oid, content=True)
        if found is None:
            raise UsageError(f"the git repository lacks the object {oid}: fetch it first")
        return found[2]

    def history(self, path: str, limit: int) -> Iterator[str]:
        """Commits that changed a path, newest first: those of HEAD, then those of other refs."""
        seen: set[str] = set()
        for whence in (["HEAD"], ["--branches", "--tags", "--remotes"]):
            done = self._run("rev-list", f"--max-count={limit}", *whence, "--", path or ".")
            for commit in done.stdout.decode().split():
                if commit not in seen:
                    seen.add(commit)
                    yield commit

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return ask_git(self.top, *arguments)

    def _object(self, name: str, *, content: bool) -> tuple[str, str, bytes] | None:
        """Kind, id and, on demand, bytes of an object by name."""
        if "\n" in name:
            return None
        how = "--batch" if content else "--batch-check"
        objects = self._objects.get(how)
        if objects is None:
            objects = self._objects[how] = subprocess.Popen(  # noqa: S603 - no shell, fixed words
                [git_program(), "cat-file", how],
                cwd=self.top,
                env=git_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        if objects.stdin is None or objects.stdout is None:
            raise ValueError("a process without pipes")
        try:
            objects.stdin.write(os.fsencode(f"{name}\n"))
            objects.stdin.flush()
        except OSError:
            raise UsageError("git cat-file ended before all was read") from None
        head = objects.stdout.readline().split()
        if len(head) != 3 or not head[2].isdigit():  # "NAME missing", "NAME ambiguous"
            return None
        data = b""
        if content:
            data = objects.stdout.read(int(head[2]))
            objects.stdout.read(1)  # the line's end behind it
        return head[1].decode(), head[0].decode(), data


def _entry(line: bytes) -> tuple[str, Entry]:
    facts, _, path = line.partition(b"\t")
    mode, _, oid, size = facts.decode().split()
    return os.fsdecode(path), Entry(mode, oid, int(size) if size.isdecimal() else 0)
