"""`router lint` without the CLI framework, whose import would take longer than the linting."""

from __future__ import annotations

import os
from pathlib import Path

from router.cli.failures import YOURS, colored, reported

__all__ = ["lint", "lint_paths"]

_FORMS = ("text", "concise", "json")
_LEVELS = ("error", "warning")


def lint(arguments: list[str]) -> int | None:
    """Lint by plain arguments; None where one needs the whole command line (`--help`, a typo)."""
    paths: list[Path] = []
    chosen = {"--format": "text", "--fail-level": "error"}
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name in chosen:
            chosen[name] = value if equals else next(waiting, "")
        elif argument.startswith("-"):
            return None
        else:
            paths.append(Path(argument))
    if chosen["--format"] not in _FORMS or chosen["--fail-level"] not in _LEVELS:
        return None
    with reported():
        return lint_paths(paths, chosen["--format"], chosen["--fail-level"])


def lint_paths(paths: list[Path], form: str, fail_level: str) -> int:
    """Lint, print, and give the exit code."""
    import sys

    from router.lint.runner import lint_paths as check

    if not paths:
        paths = [Path(os.environ.get("ROUTER_POLICIES") or "policies")]
    report = check(paths)
    sys.stdout.write(report.render(form, color=colored(sys.stdout)))
    if report.problem:
        sys.stderr.write(f"error: {report.problem}\n")
        return YOURS
    return report.exit_code(fail_level)
