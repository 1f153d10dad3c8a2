"""`router lint --fix` and `--diff`: what is fixed, what is not and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from router.cli.failures import NO, say
from router.lint.config import LintConfig
from router.lint.fix_paths import Mended, fix_paths

__all__ = ["fix", "show_fixes"]


def fix(paths: Sequence[Path], config: LintConfig, *, since: str | None, unsafe: bool) -> None:
    """Make the fixes in place, and say which."""
    mended = fix_paths(paths, config=config, changed_since=since, unsafe=unsafe)
    mended.write()
    _say(mended, "fixed", unsafe)


def show_fixes(
    paths: Sequence[Path], config: LintConfig, *, since: str | None, unsafe: bool
) -> int:
    """Print the fixes as a diff that `git apply` and `patch -p1` take; 1 where there are any."""
    mended = fix_paths(paths, config=config, changed_since=since, unsafe=unsafe)
    _say(mended, "would fix", unsafe)
    _write(mended.diff())
    return NO if mended.files else 0


def _write(diff: bytes) -> None:
    """Past the text layer, which may put other line ends than those of the files."""
    sys.stdout.flush()
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(diff.decode("utf-8"))
    else:
        raw.write(diff)


def _say(mended: Mended, done: str, unsafe: bool) -> None:
    if not (mended.fixed or mended.dropped):
        say("nothing to fix" if unsafe else "nothing to fix without --unsafe")
    for finding in mended.fixed:
        what = finding.fix.message if finding.fix is not None else finding.message
        say(f"{done}: {finding.span}: [{finding.rule}] {what}")
    for drop in mended.dropped:
        finding, first = drop.finding, drop.errors[0]
        what = finding.fix.message if finding.fix is not None else finding.message
        say(
            f"not fixed: {finding.span}: [{finding.rule}] to {what} would bring an error: "
            f"[{first.rule}] {first.message}"
        )
