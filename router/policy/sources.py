"""Where policy text comes from, as seen by what decides: names and bytes, no disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Edited", "MemorySources", "SourceError", "Sources", "is_policy_name", "is_test_name"]

_TESTS = (".test.yaml", ".test.yml")


class SourceError(Exception):
    """A file that cannot be given: missing, outside the root, too large, unreadable.

    `reason` is a short token (`missing`, `outside_root`, `too_large`, `unreadable`,
    `not_a_file`), `detail` a sentence for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Sources(Protocol):
    """One consistent reading of a policy root. Paths are POSIX, relative to the root."""

    def policy_files(self) -> tuple[str, ...]:
        """Policy files, sorted; parents (`_name.yaml`) and tests (`*.test.yaml`) left out."""
        ...

    def read(self, path: str) -> bytes:
        """The bytes of one file, the same on every call.

        Raises:
            SourceError: the file cannot be given.
        """
        ...


class MemorySources:
    """Sources from a mapping of path to text or bytes, for tests and generated policies."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {
            name: text.encode() if isinstance(text, str) else text for name, text in files.items()
        }

    def policy_files(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self._files if is_policy_name(name)))

    def read(self, path: str) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise SourceError("missing", f"no such file: {path}") from None


class Edited:
    """Sources with other bytes for some of their files, and perhaps with files that are new."""

    def __init__(self, sources: Sources, files: Mapping[str, bytes]) -> None:
        self._sources = sources
        self.files = files

    def policy_files(self) -> tuple[str, ...]:
        return tuple(sorted({*self._sources.policy_files(), *filter(is_policy_name, self.files)}))

    def read(self, path: str) -> bytes:
        data = self.files.get(path)
        return self._sources.read(path) if data is None else data


def is_policy_name(path: str) -> bool:
    """Whether a path names a policy of its own: no parent, no test, nothing hidden."""
    parts = path.split("/")
    return (
        parts[-1].endswith((".yaml", ".yml"))
        and not parts[-1].endswith(_TESTS)
        and not any(part.startswith((".", "_")) for part in parts)
    )


def is_test_name(path: str) -> bool:
    """Whether a path names a file of policy tests that is not hidden."""
    return path.endswith(_TESTS) and not any(
        part.startswith((".", "_")) for part in path.split("/")
    )
