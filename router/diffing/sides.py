"""What OLD and NEW stand for: a directory, a git ref, or a revision of the policies."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from router.catalog.models import Catalog
from router.diffing.git import Repository
from router.diffing.revisions import find_revision, told
from router.diffing.tree import TreeSources
from router.errors import UsageError
from router.git import git_hint
from router.policy.findings import quoted
from router.policy.sources import MemorySources, Sources
from router.reloading.sources import DirectorySources

__all__ = ["Side", "Sides"]

_REVISION = re.compile(r"[0-9a-f]{6,32}")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states that are compared.

    Args:
        name: how people call it: `working tree`, `main (3f2a91c0)`, `old/policies`.
        shown: what to put before a finding's file so that it can be found.
        task: where the revision of one task was asked for, only this task is compared.
        note: something to say about where it was found.
        root: where its files lie, or would lie checked out: an absolute path.
    """

    name: str
    sources: Sources
    shown: str = ""
    task: str | None = None
    note: str | None = None
    root: str = ""


class Sides:
    """Resolves both arguments against one policy root and the repository it lies in.

    A context manager: it may keep a repository open.
    """

    def __init__(self, root: Path, catalog: Catalog) -> None:
        self._root = root
        self._catalog = catalog
        self._opened: Repository | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)

    def pair(self, old: str | None, new: str | None) -> tuple[Side, Side]:
        """Both sides; OLD is `HEAD` and NEW the working tree where they are not given.

        Raises:
            UsageError: one of them is nothing that can be found.
        """
        if old is not None and old.endswith("...") and len(old) > 3:
            return self._since(old.removesuffix("..."), new), self._side(new)
        return self._side("HEAD" if old is None else old), self._side(new)

    def _side(self, given: str | None) -> Side:
        if given is None:
            return self._working_tree()
        if not given:
            raise UsageError("OLD and NEW are a directory, a git ref or a revision, never empty")
        path = Path(given)
        if _exists(path):
            bare = not given.startswith((".", "/", "~")) and "/" not in given
            if bare and self._ref(given) is not None:
                raise UsageError(
                    f"{quoted(given)} is a path and a git ref: write ./{given} for the path, "
                    f"refs/heads/{given} for the branch"
                )
            return _on_disk(given, path)
        return self._in_git(given)

    def _working_tree(self) -> Side:
        root = self._root
        if not _exists(root):
            raise UsageError(
                f"no policies at {root}: pass --policies, set ROUTER_POLICIES, or name NEW"
            )
        return _on_disk("working tree", root)

    # --- git ---------------------------------------------------------------------------------

    def _in_git(self, given: str) -> Side:
        ref, colon, path = given.partition(":")
        repository = self._repository(given)
        commit = repository.commit(ref)
        if commit is not None:
            within = self._beside(path) if colon else self._within()
            return self._at(ref, commit, within, named=bool(colon))
        if not colon and _REVISION.fullmatch(given):
            return self._revision(given)
        hint = _range_hint(given) or git_hint(repository.top)
        raise UsageError(
            f"{quoted(given)} is no directory, no git ref and no revision that can be found{hint}"
        )

    def _since(self, ref: str, new: str | None) -> Side:
        """The state at which a branch left `ref`."""
        repository = self._repository(ref)
        other = "HEAD"
        if new is not None and not _exists(Path(new)):
            other = new.partition(":")[0]
        theirs, ours = repository.commit(ref), repository.commit(other)
        if theirs is None or ours is None:
            missing = ref if theirs is None else other
            hint = git_hint(repository.top)
            raise UsageError(f"`...` needs a git ref: there is no {quoted(missing)}{hint}")
        base = repository.merge_base(theirs, ours)
        if base is None:
            hint = git_hint(repository.top)
            raise UsageError(f"{quoted(ref)} and {quoted(other)} have no common commit{hint}")
        return self._at(f"where {other} left {ref}", base, self._within(), named=False)

    def _at(self, name: str, commit: str, within: str, *, named: bool) -> Side:
        repository = self._repository(name)
        label = f"{name} ({commit[:8]})" if not commit.startswith(name) else commit[:8]
        found = repository.at(commit, within)
        if found is None:
            if named:
                raise UsageError(f"{quoted(name)} has no {quoted(within)}")
            return Side(label, MemorySources({}), note=f"{label} has no {within or 'files'}")
        kind, oid = found
        if kind == "tree":
            sources = TreeSources(repository, repository.tree(oid))
            if named and not sources.policy_files():
                raise UsageError(f"no policy files under {quoted(within)} in {quoted(name)}")
            return Side(label, sources, f"{label}:{within}", root=f"{repository.top}/{within}")
        folder, only = posixpath.split(within)
        above = repository.at(commit, folder)
        if kind != "blob" or above is None:
            raise UsageError(f"{quoted(within)} is no directory and no file in {quoted(name)}")
        sources = TreeSources(repository, repository.tree(above[1]), only)
        return Side(label, sources, f"{label}:{folder}", root=f"{repository.top}/{folder}")

    def _revision(self, prefix: str) -> Side:
        repository, within = self._repository(prefix), self._within()
        found = find_revision(repository, within, prefix, self._catalog)
        if found is None:
            raise UsageError(told(prefix, within, self._catalog))
        side = self._at(found.commit[:8], found.commit, within, named=True)
        note = f"revision {prefix} is that of commit {found.commit[:8]}"
        if found.task is not None:
            note = f"revision {prefix} is that of task `{found.task}` in commit {found.commit[:8]}"
        return replace(side, task=found.task, note=note)

    def _ref(self, name: str) -> str | None:
        try:
            return self._repository(name).commit(name)
        except UsageError:  # outside git, a path is only a path
            return None

    def _repository(self, wanted: str) -> Repository:
        if self._opened is None:
            root = self._root.absolute()
            folder = next(path for path in (root, *root.parents) if path.is_dir())
            try:
                self._opened = Repository.around(folder)
            except UsageError as error:
                raise UsageError(
                    f"{quoted(wanted)} is no directory, and as a git ref it cannot be looked up: "
                    f"{error.message}"
                ) from None
        return self._opened

    def _within(self) -> str:
        """The policy root, from the top of the repository."""
        top = os.path.realpath(self._repository("HEAD").top)
        real = os.path.realpath(self._root)
        if real != top and not real.startswith(f"{top}{os.sep}"):
            raise UsageError(f"the policy root {self._root} is not in the repository at {top}")
        return Path(os.path.relpath(real, top)).as_posix().removeprefix(".").removeprefix("/")

    def _beside(self, path: str) -> str:
        """A path behind a ref: from the top, or from here where it begins with `./` or `../`."""
        if path.startswith(("./", "../")):
            top = os.path.realpath(self._repository("HEAD").top)
            path = Path(os.path.relpath(os.path.realpath(path), top)).as_posix()
        whole = posixpath.normpath(path) if path else ""
        if whole.startswith(("../", "/")) or whole == "..":
            raise UsageError(f"{quoted(path)} leads out of the repository")
        return "" if whole == "." else whole


def _range_hint(given: str) -> str:
    """For those who think of `git diff`: here a range is two arguments."""
    old, dots, new = given.partition("..")
    if not dots or not old or old.endswith("/") or new.startswith("/"):
        return ""
    if new.startswith("."):
        old, new = f"{old}...", new[1:]
    return f"; for a range write `{old} {new or 'HEAD'}`"


def _on_disk(name: str, path: Path) -> Side:
    folder = path if path.is_dir() else path.parent
    return Side(name, _directory(path), str(folder), root=str(folder.absolute()))


def _directory(path: Path) -> DirectorySources:
    sources = DirectorySources(path)
    if not sources.policy_files():
        below = path / "policies"
        hint = f": did you mean {below}?" if below.is_dir() else ""
        raise UsageError(f"no policy files under {path}{hint}")
    return sources


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, a null byte: no path of ours
        return False
