"""What a child process costs: CPU by the kernel's own account, memory at its largest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Spent", "child", "least"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Spent:
    cpu: float  # seconds, user and system
    rss: float  # MiB
    out: str


def child(arguments: Sequence[str], *, bytecode: str | None = None) -> Spent:
    """Run this interpreter with arguments to its end.

    With `bytecode`, compiled modules are kept in that directory and found there again, as those of
    an installed package are, whatever the environment says.

    Raises:
        RuntimeError: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if bytecode is not None:
        environment |= {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}: {out}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out)


def least(runs: Sequence[Sequence[str]], *, rounds: int, bytecode: str) -> list[Spent]:
    """Each run's cheapest, of `rounds` interleaved ones, bytecode cached."""
    for arguments in runs:
        child(arguments, bytecode=bytecode)
    rounds_of = [[child(arguments, bytecode=bytecode) for arguments in runs] for _ in range(rounds)]
    return [min(spent, key=lambda s: s.cpu) for spent in zip(*rounds_of, strict=True)]
