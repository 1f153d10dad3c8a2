"""Where test files are, and which policies each of them is about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from router.policy.sources import is_test_name

__all__ = ["Found", "find_tests", "root_of", "split_ids"]


@dataclass(frozen=True, slots=True)
class Found:
    """One test file: its policy root, and its name in the root that its own paths start from."""

    path: Path
    policies: Path
    root: Path  # of the file and its fixtures: the policies, or its own folder outside of them
    name: str

    @classmethod
    def of(cls, path: Path, policies: Path) -> Found:
        own = _absolute(path)
        home = _absolute(policies if policies.is_dir() else policies.parent)
        if own.is_relative_to(home):
            root = policies if policies.is_dir() else policies.parent
            return cls(path, policies, root, own.relative_to(home).as_posix())
        return cls(path, policies, path.parent, path.name)


def find_tests(paths: Sequence[Path], policies: Path | None) -> list[Found]:
    """Test files under the given files and directories, sorted, none twice.

    Args:
        paths: none stands for the policy root.
        policies: the root for all of them. None: `ROUTER_POLICIES`, else `policies`, for what
            lies in it; for others the directory that was given, or that the file lies in.
    """
    found: dict[Path, Found] = {}
    for path in paths or [root_of(None)]:
        for file in _walk(path):
            root = policies or _root_for(file, path)
            found.setdefault(_absolute(file), Found.of(file, root))
    return sorted(found.values(), key=lambda one: str(one.path))


def split_ids(paths: Sequence[Path]) -> tuple[list[Path], frozenset[Path]]:
    """Files and directories, and which of them name a single case: `FILE::NAME`."""
    ids = [path for path in paths if "::" in str(path) and not path.exists()]
    files = [Path(str(path).partition("::")[0]) if path in ids else path for path in paths]
    return list(dict.fromkeys(files)), frozenset(ids)


def root_of(given: Path | None) -> Path:
    """The policy root: as given, else `ROUTER_POLICIES`, else `policies`."""
    return given or Path(os.environ.get("ROUTER_POLICIES") or "policies")


def _root_for(file: Path, given: Path) -> Path:
    usual = root_of(None)
    if usual.is_dir() and _absolute(file).is_relative_to(_absolute(usual)):
        return usual
    return given if given.is_dir() else given.parent


def _walk(path: Path) -> Iterable[Path]:
    """The file itself, whatever its name; of a directory what looks like a file of tests."""
    if not path.is_dir():
        return [path]
    return sorted(_below(path))


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        yield from (Path(here, name) for name in files if is_test_name(name))


def _absolute(path: Path) -> Path:
    """From the working directory, without `..`; links are kept, as they are names in a root."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolving would follow links
