"""Writing changed files in place: whole or not at all, and only inside the policy root."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from router.errors import UsageError

__all__ = ["Changes", "write_files"]


Changes = tuple[Mapping[str, bytes], Mapping[str, bytes]]
"""The new bytes of files by their path in a root, and those that each had when it was judged."""


def write_files(roots: Mapping[Path, Changes]) -> None:
    """Puts new bytes in the place of files of policy roots.

    Symbolic links are followed as long as they lead to a file inside the root; permissions stay.
    Every file is written beside its place before the first one is moved there, so that a full disk
    leaves all of them as they were.

    Raises:
        UsageError: a file lies outside its root, or is not as it was when it was judged.
        OSError: the system refuses, for a file that is read-only too.
    """
    waiting: list[tuple[Path, Path]] = []
    try:
        for root, (files, before) in roots.items():
            for path, data in files.items():
                real = _real(root, path)
                if _writable_bytes(real) != before[path]:
                    said = f"{root / path} has changed in the meantime; nothing was written"
                    raise UsageError(said)
                waiting.append((_beside(real, data), real))
        while waiting:
            beside, real = waiting[0]
            beside.replace(real)
            del waiting[0]
    finally:
        for beside, _ in waiting:
            beside.unlink(missing_ok=True)


def _real(root: Path, path: str) -> Path:
    inside = root.resolve()
    real = (inside / path).resolve(strict=True)
    if not real.is_relative_to(inside):
        said = f"{root / path} is a link that leads out of the policy root; nothing was written"
        raise UsageError(said)
    return real


def _writable_bytes(real: Path) -> bytes:
    # Opened for writing: to move another file there, the system asks the directory alone.
    with real.open("r+b") as file:
        return file.read()


def _beside(real: Path, data: bytes) -> Path:
    """A new file in the same directory, with the owner and the permissions of the old one."""
    status = real.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        beside.chmod(status.st_mode & 0o7777)
        with suppress(PermissionError, AttributeError):  # only the superuser gives files away
            os.chown(beside, status.st_uid, status.st_gid)
    except BaseException:
        beside.unlink()
        raise
    return beside
