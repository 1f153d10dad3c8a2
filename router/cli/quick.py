"""`router lint` without the CLI framework, whose import would take longer than the linting."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from router.cli.failures import YOURS, colored, reported, say
from router.lint.reporters import Form
from router.types import Severity

if TYPE_CHECKING:
    from router.lint.sources import Count

__all__ = ["Asked", "lint", "lint_and_print"]


class Asked(NamedTuple):
    """What the command line says; None where it leaves a choice to the configuration."""

    paths: tuple[Path, ...] = ()
    form: Form | None = None
    fail_level: Severity | None = None
    config: Path | None = None
    baseline: Path | None = None
    write_baseline: bool = False
    changed_since: str | None = None
    fix: bool = False
    unsafe: bool = False
    diff: bool = False
    count_tokens: bool = False
    offline: bool = False


def lint(arguments: list[str]) -> int | None:
    """Lint by plain arguments; None where one needs the whole command line (`--help`, a typo)."""
    paths: list[Path] = []
    chosen = dict.fromkeys(("--format", "--fail-level", "--config", "--baseline"), "")
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name in chosen:
            chosen[name] = value if equals else next(waiting, "")
            if not chosen[name]:
                return None
        elif argument.startswith("-"):
            return None
        else:
            paths.append(Path(argument))
    form, level, config, baseline = chosen.values()
    try:
        asked = Asked(
            tuple(paths),
            form=Form(form) if form else None,
            fail_level=Severity(level) if level else None,
            config=Path(config) if config else None,
            baseline=Path(baseline) if baseline else None,
        )
    except ValueError:
        return None
    with reported():
        return lint_and_print(asked)


def lint_and_print(asked: Asked) -> int:
    """Lint, print, and give the exit code."""
    import sys

    from router.config import find_config, read_config
    from router.lint.config import LintConfig
    from router.lint.reporters import render
    from router.lint.runner import lint_paths

    project = find_config(Path.cwd()) if asked.config is None else read_config(asked.config)
    config = LintConfig.of(project).over(
        fail_level=asked.fail_level, form=asked.form, baseline=asked.baseline
    )
    paths = asked.paths or (Path(os.environ.get("ROUTER_POLICIES") or "policies"),)
    if (asked.fix or asked.diff) and all(path.exists() for path in paths):
        from router.cli.fixing import fix, show_fixes

        if asked.diff:
            return show_fixes(paths, config, since=asked.changed_since, unsafe=asked.unsafe)
        fix(paths, config, since=asked.changed_since, unsafe=asked.unsafe)
    with _counter(asked) as count:
        report = lint_paths(
            paths,
            config=config,
            changed_since=asked.changed_since,
            renew_baseline=asked.write_baseline,
            count=count,
        )
    rendered = render(report, config.form, color=colored(sys.stdout))
    # A path may hold bytes that are no text.
    sys.stdout.write(rendered.encode("utf-8", "backslashreplace").decode())
    for note in report.notes:
        say(f"note: {note}")
    if report.problem:
        unnamed = not asked.paths and not paths[0].exists()
        hint = "; name the path of the policies, or begin with `router init`" if unnamed else ""
        say(f"error: {report.problem}{hint}")
        return YOURS
    return report.exit_code()


def _counter(asked: Asked) -> AbstractContextManager[Count | None]:
    if not asked.count_tokens:
        return nullcontext()
    from router.lint.counting import counting
    from router.settings import Settings

    return counting(Settings.from_environment(os.environ), offline=asked.offline)
