"""Which files have changed since a commit, as git has it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from router.errors import UsageError
from router.git import ask_git, git_hint, git_said

__all__ = ["Changes", "changed_since"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed, and since when."""

    ref: str
    files: frozenset[str]  # absolute

    def has(self, root: Path, file: str) -> bool:
        """Whether a file of a root has changed, or what a link there leads to."""
        path = root / file
        return str(path) in self.files or os.path.realpath(path) in self.files


def changed_since(ref: str, directory: Path) -> Changes:
    """The files that differ from where this branch left `ref`, in a directory's repository.

    That is the merge base, as a pull request has it. Committed, staged, unstaged and untracked
    changes count, deletions and both names of a renamed file too; ignored files do not.

    Raises:
        UsageError: no git, no repository, or no such commit.
    """
    git = _Git(directory)
    top = git.text("rev-parse", "--show-toplevel")
    commit = git.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if not commit:
        raise UsageError(f"git knows no commit {ref!r} in {top}{git_hint(directory)}")
    base = git.text("merge-base", commit, "HEAD")
    if not base:
        hint = git_hint(directory)
        raise UsageError(f"{ref} and HEAD have no common ancestor in {top}{hint}")
    # From the top: what is elsewhere in the repository may be a policy's template.
    whole = _Git(Path(top))
    changed = whole.names("diff", "--name-only", "--no-renames", "-z", base, "--")
    new = whole.names("ls-files", "--others", "--exclude-standard", "-z")
    files = (os.path.join(top, name) for name in (*changed, *new))  # noqa: PTH118 - text
    return Changes(ref, frozenset(files))


class _Git:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def text(self, *arguments: str) -> str:
        """One line of output; empty where a `--quiet` question or a merge base has no answer."""
        done = ask_git(self._directory, *arguments)
        if done.returncode and (done.returncode != 1 or done.stderr):
            raise UsageError(f"git says: {git_said(done)}")
        return os.fsdecode(done.stdout).removesuffix("\n")

    def names(self, *arguments: str) -> list[str]:
        """Names that `-z` ends with NUL, so that any name comes through."""
        done = ask_git(self._directory, *arguments)
        if done.returncode:
            raise UsageError(f"git says: {git_said(done)}")
        return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
