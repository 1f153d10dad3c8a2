"""Asking the `git` program: no shell, no prompt, nothing fetched and nothing written."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from router.errors import UsageError

__all__ = ["ask_git", "git_environment", "git_hint", "git_program", "git_said"]

_SECONDS: Final = 60  # for one answer; a healthy one takes milliseconds

# Set for hooks; they would make git look elsewhere than in the directory it is asked in.
_OF_ANOTHER: Final = frozenset(
    {"GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE"}
)


def ask_git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What git answers in a directory, whatever its exit code.

    No argument that comes from outside may begin with a dash. Paths are taken literally.

    Raises:
        UsageError: git is not installed, or does not answer.
    """
    try:
        return subprocess.run(  # noqa: S603 - no shell
            [git_program(), *arguments],
            cwd=directory,
            env=git_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"git {arguments[0]} gave no answer in {_SECONDS} s") from None


def git_said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Why git refused, in its own words."""
    said = done.stderr.decode("utf-8", "replace").strip()
    return said.removeprefix("fatal: ") or f"git ended with {done.returncode}"


def git_hint(directory: Path) -> str:
    """What to do about a commit that a repository lacks, to end a message with; may be empty."""
    if ask_git(directory, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        return "; this clone is shallow: fetch its history (`git fetch --unshallow`)"
    if ask_git(directory, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        return "; nothing is committed yet"
    return ""


def git_program() -> str:
    """Where git is. Raises UsageError where it is not."""
    found = shutil.which("git")
    if found is None:
        raise UsageError("this asks git, which is not installed")
    return found


def git_environment() -> dict[str, str]:
    """Messages that can be recognised, no lock that another git waits for, nothing from afar."""
    ours = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    return {**ours, **quiet, "GIT_NO_LAZY_FETCH": "1", "GIT_LITERAL_PATHSPECS": "1"}
