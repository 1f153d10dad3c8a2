"""Policy files on disk: read once, never from outside the root, never from what is no file."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from router.policy.sources import SourceError, is_policy_name

__all__ = ["MAX_FILE_BYTES", "DirectorySources", "Touched", "shown_name"]

MAX_FILE_BYTES: Final = 32 << 20  # the largest request that the API takes has 32 MB

# Opening a FIFO waits for its other end, unless told not to. The flags are POSIX's; elsewhere
# there are no FIFOs in a file system.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


class Touched(NamedTuple):
    """How a path was found on disk: what must be equal for the file to be the same.

    `real` is where the path leads, symbolic links resolved, None where it leads nowhere. The
    others are None where there is no regular file.
    """

    real: str | None
    size: int | None = None
    mtime_ns: int | None = None
    inode: int | None = None
    mode: int | None = None


_Kept = tuple[dict[str, bytes], dict[str, Touched], int]
_TICK_NS = 2_000_000_000  # file systems keep times to two seconds at the coarsest (FAT)


class DirectorySources:
    """One consistent reading of a policy root on disk; make a new one for each load.

    The root is a directory, or a single policy file whose directory is the root; one that is not
    there holds no policy files. Each file is read once and its bytes are kept, so that what is
    checked is what is used. Not for several threads at once.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_bytes: int = MAX_FILE_BYTES,
        before: DirectorySources | None = None,
    ) -> None:
        """
        Args:
            max_bytes: of one file.
            before: an earlier reading, whose bytes serve again for files that `lstat` shows
                unchanged and that had come to rest before it began.
        """
        self._began_ns = time.time_ns()
        # Its tables, not itself: readings must not hold on to each other in a chain.
        self._known = ({}, {}, 0) if before is None else before._kept()
        self._only = root.name if _is_file(root) else None
        # A single file's root is where its name stands, not where a link leads. Resolved, because
        # every answer to "is this inside" depends on it.
        self.root = Path(os.path.realpath(root.parent if self._only else root))
        self._inside_prefix = str(self.root).rstrip("/") + "/"
        self._max_bytes = max_bytes
        self._bytes: dict[str, bytes] = {}
        self._faults: dict[str, SourceError] = {}
        self._touched: dict[str, Touched] = {}
        self._folders: dict[str, str] = {}
        self._listed: tuple[str, ...] | None = None

    def policy_files(self) -> tuple[str, ...]:
        """Policy files, sorted; hidden and `_` directories, parents and tests are left out.

        Directories are followed where they are links inside the root (the layout of a mounted
        ConfigMap). One that cannot be read, or leads out of the root, is listed itself, so that
        reading it says what is wrong: policies must not vanish in silence.
        """
        if self._listed is None:
            self._listed = (self._only,) if self._only is not None else self._walk()
        return self._listed

    def read(self, path: str) -> bytes:
        """The bytes of one file; the same ones, or the same error, on every call.

        Raises:
            SourceError: `missing`, `outside_root`, `not_a_file`, `too_large` or `unreadable`.
        """
        data = self._bytes.get(path)
        if data is not None:
            return data
        if path not in self._faults:
            try:
                data = self._bytes[path] = self._read(path)
            except SourceError as fault:
                self._faults[path] = fault
            except OSError as error:
                self._faults[path] = _fault(error, path)
            else:
                return data
        self._touched.setdefault(path, Touched(None))
        known = self._faults[path]
        # a new one each time: a raised error holds on to the frames it came through
        raise SourceError(known.reason, known.detail)

    # --- has anything changed --------------------------------------------------------------------

    @property
    def touched(self) -> Mapping[str, Touched]:
        """Every path that was asked for, the missing ones too: what a watcher watches."""
        return MappingProxyType(self._touched)

    def signature(self) -> tuple[object, ...]:
        """What was read, as `stat` and the links say: the listing, and each path asked for."""
        return (self.policy_files(), tuple(sorted(self._touched.items(), key=lambda item: item[0])))

    @classmethod
    def signature_of(cls, root: Path, paths: Iterable[str]) -> tuple[object, ...]:
        """The signature that a reading of the same paths would have now; opens no file."""
        now = cls(root)
        for path in paths:
            now._touched[path] = now._look(path)
        return now.signature()

    def _look(self, path: str) -> Touched:
        try:
            real = self._locate(path)
            status = os.lstat(real)
        except (SourceError, OSError):
            return Touched(None)
        return _touched(real, status)

    # --- reading ---------------------------------------------------------------------------------

    def _kept(self) -> _Kept:
        return self._bytes, self._touched, self._began_ns

    def _read(self, path: str) -> bytes:
        real = self._locate(path)
        looks = _touched(real, _regular(os.lstat(real), path, self._touched, real))
        self._touched[path] = looks
        data, touched, began_ns = self._known
        # As git has it: a file that changed as late as it was read may have changed once more
        # within one tick of the clock, and look the same.
        if touched.get(path) == looks and (looks.mtime_ns or began_ns) < began_ns - _TICK_NS:
            known = data.get(path)
            if known is not None:
                return known
        descriptor = os.open(real, _FLAGS)
        try:
            # looked at again: it may have been exchanged between the two
            status = _regular(os.fstat(descriptor), path, self._touched, real)
            self._touched[path] = _touched(real, status)
            whole = _whole(descriptor, status.st_size, self._max_bytes)
        finally:
            os.close(descriptor)
        if len(whole) > self._max_bytes:
            raise SourceError("too_large", f"{path} is larger than {self._max_bytes:,} bytes")
        return whole

    def _locate(self, path: str) -> str:
        """Where a path leads; always inside the root, and no link any more."""
        if not path or path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise SourceError("outside_root", f"{path!r} is not a path inside the policy root")
        folder, _, name = path.rpartition("/")
        real = f"{self._folder(folder, path)}/{name}"
        if stat.S_ISLNK(os.lstat(real).st_mode):
            real = self._inside(os.path.realpath(real, strict=True), path)
        return real

    def _folder(self, folder: str, path: str) -> str:
        """Where a folder leads, without a slash at its end. `path` is what it is asked for."""
        known = self._folders.get(folder)
        if known is None:
            if not folder:
                known = str(self.root).rstrip("/")
            else:
                # Resolving from the root down takes a call for each part of the path; the
                # parent has been resolved already.
                parent, _, name = folder.rpartition("/")
                known = f"{self._folder(parent, path)}/{name}"
                if name in ("", ".") or stat.S_ISLNK(os.lstat(known).st_mode):
                    known = self._inside(os.path.realpath(self.root / folder), path).rstrip("/")
            self._folders[folder] = known
        return known

    def _inside(self, real: str, path: str) -> str:
        if real != str(self.root) and not real.startswith(self._inside_prefix):
            raise SourceError("outside_root", f"{path} is a link that leads out of the policy root")
        return real

    # --- listing ---------------------------------------------------------------------------------

    def _walk(self) -> tuple[str, ...]:
        found: list[str] = []
        seen = {str(self.root)}  # real directories, so that links in a circle come to an end
        pending = [""]
        while pending:
            links: list[str] = []
            while pending:
                entries = self._list(pending.pop(), seen)
                pending += entries.folders
                links += entries.links
                found += entries.files
            # links last: a directory that has a name of its own is listed under that one
            for path in sorted(links):
                real = os.path.realpath(self.root / path)
                try:
                    self._inside(real, path)
                except SourceError as fault:
                    self._faults[path] = fault
                    found.append(path)
                    continue
                if real not in seen:
                    seen.add(real)
                    pending.append(path)
        return tuple(sorted(found))

    def _list(self, folder: str, seen: set[str]) -> _Entries:
        entries = _Entries([], [], [])
        try:
            with os.scandir(self.root / folder) as found:
                for entry in found:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    passed_over = entry.name.startswith((".", "_"))
                    if not path.isprintable():
                        if not passed_over and (entry.is_dir() or is_policy_name(path)):
                            entries.files.append(self._unspeakable(path))
                    elif entry.is_dir(follow_symlinks=False):
                        if not passed_over:
                            entries.folders.append(path)
                            seen.add(f"{self._folder(folder, folder)}/{entry.name}")
                    elif entry.is_symlink() and _leads_to_folder(entry):
                        if not passed_over:
                            entries.links.append(path)
                    elif is_policy_name(path):
                        entries.files.append(path)
        except FileNotFoundError:
            return _Entries([], [], [])  # gone meanwhile, or never there
        except OSError as error:
            name = folder or "."
            self._faults[name] = _fault(error, name)
            return _Entries([], [], [name])
        return entries

    def _unspeakable(self, path: str) -> str:
        """A name that would break or forge the lines it is printed on: listed, never read."""
        shown = shown_name(path)
        message = f"{shown}: the name has characters that cannot be shown"
        self._faults[shown] = SourceError("unreadable", message)
        return shown


def shown_name(path: str) -> str:
    """A path as findings and listings have it: what does not print is replaced one for one."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path)


class _Entries(NamedTuple):
    folders: list[str]
    links: list[str]  # to directories
    files: list[str]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # not allowed to look: listing it will say so
        return False


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle: for `read` to refuse
        return False


def _regular(
    status: os.stat_result, path: str, touched: dict[str, Touched], real: str
) -> os.stat_result:
    if not stat.S_ISREG(status.st_mode):
        touched[path] = _touched(real, status)
        raise SourceError("not_a_file", f"{path} is not a regular file")
    return status


def _whole(descriptor: int, expected: int, limit: int) -> bytes:
    """All bytes of a file, but not many more than the limit even if it grows while it is read."""
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := os.read(descriptor, min(left, expected + 1))):
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _touched(real: str, status: os.stat_result) -> Touched:
    if not stat.S_ISREG(status.st_mode):
        return Touched(real)
    return Touched(real, status.st_size, status.st_mtime_ns, status.st_ino, status.st_mode)


_REASONS: Final[Mapping[int, tuple[str, str]]] = {
    errno.ENOENT: ("missing", "no such file"),
    errno.ENOTDIR: ("missing", "no such file"),
    errno.ENAMETOOLONG: ("missing", "no such file"),
    errno.EISDIR: ("not_a_file", "a directory"),
    errno.ENXIO: ("not_a_file", "not a regular file"),
    errno.ELOOP: ("unreadable", "a link that leads to itself"),
    errno.EACCES: ("unreadable", "not allowed to read it"),
    errno.EPERM: ("unreadable", "not allowed to read it"),
}


def _fault(error: OSError, path: str) -> SourceError:
    code = error.errno or errno.EIO
    reason, words = _REASONS.get(code, ("unreadable", os.strerror(code)))
    return SourceError(reason, f"{path}: {words}")
