"""Who wrote a row, and whether that process can still settle it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "gone", "this_process"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process for as long as it lives: process ids come round again, start times do not.

    `host` holds everything that makes a process id mean something else: the machine, its boot
    and the pid namespace (a container's), as far as the system tells.
    """

    host: str
    pid: int
    started: str  # opaque; empty where the system does not tell


def this_process() -> Process:
    pid = os.getpid()
    return Process(_host(), pid, _started(pid) or "")


def gone(process: Process) -> bool | None:
    """Whether a process has ended; None where it cannot be seen from here (another host)."""
    if process.host != _host():
        return None
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it exists and belongs to someone else
    started = _started(process.pid)
    return bool(started and process.started and started != process.started)


def _host() -> str:
    boot = _read("/proc/sys/kernel/random/boot_id")
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return "/".join(filter(None, (platform.node(), boot, namespace)))


def _started(pid: int) -> str | None:
    # proc(5): field 22 of /proc/PID/stat, ticks since boot; the second field is a command name
    # in brackets that may itself hold blanks and brackets.
    text = _read(f"/proc/{pid}/stat")
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    # A zombie has ended: it will not settle anything any more.
    return "ended" if fields[0] == "Z" else fields[19]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
