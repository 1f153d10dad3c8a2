"""`router lint` without the CLI framework, whose import would take longer than the linting."""

from __future__ import annotations

import os
from pathlib import Path

from router.cli.failures import YOURS, colored, reported
from router.lint.reporters import Form
from router.types import Severity

__all__ = ["lint", "lint_and_print"]


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
    try:
        form, fail_level = Form(chosen["--format"]), Severity(chosen["--fail-level"])
    except ValueError:
        return None
    with reported():
        return lint_and_print(paths, form, fail_level)


def lint_and_print(paths: list[Path], form: Form, fail_level: Severity) -> int:
    """Lint, print, and give the exit code."""
    import sys

    from router.lint.reporters import render
    from router.lint.runner import lint_paths

    if not paths:
        paths = [Path(os.environ.get("ROUTER_POLICIES") or "policies")]
    report = lint_paths(paths, fail_level=fail_level)
    sys.stdout.write(render(report, form, color=colored(sys.stdout)))
    if report.problem:
        sys.stderr.write(f"error: {report.problem}\n")
        return YOURS
    return report.exit_code()
