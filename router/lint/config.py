"""The `lint` table of the configuration: what a project does not want to hear, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from router.config import Config, Table
from router.lint.reporters import Form
from router.policy.suggest import did_you_mean
from router.rules.registry import rule, rule_names
from router.types import Finding, Severity

__all__ = ["LintConfig"]


class LintConfig(NamedTuple):
    """What `[lint]` says. Nothing of it touches errors: they are what start and reload refuse.

    Args:
        directory: where the configuration file lies; globs are matched against paths from there.
        ignore: rules that are not reported at all.
        per_path: rules that are not reported in files that a glob matches.
        severity: warnings by rule that only inform.
        baseline: file of known findings.
    """

    directory: Path = Path()
    ignore: frozenset[str] = frozenset()
    per_path: Mapping[str, frozenset[str]] = MappingProxyType({})
    severity: Mapping[str, Severity] = MappingProxyType({})
    fail_level: Severity = Severity.ERROR
    form: Form = Form.TEXT
    baseline: Path | None = None

    @classmethod
    def of(cls, config: Config) -> LintConfig:
        """Raises SettingsError for a key, a rule or a value that means nothing."""
        table = config.table("lint")
        baseline = table.text("baseline")
        read = cls(
            directory=config.directory,
            ignore=_rules(table, "ignore"),
            per_path=_per_path(table.table("per-path")),
            severity=_severity(table.table("severity")),
            fail_level=Severity(table.text("fail-level", Severity) or Severity.ERROR),
            form=Form(table.text("format", Form) or Form.TEXT),
            baseline=None if baseline is None else config.directory / baseline,
        )
        table.close()
        return read

    def over(
        self,
        *,
        fail_level: Severity | None = None,
        form: Form | None = None,
        baseline: Path | None = None,
    ) -> LintConfig:
        """The same with what the command line says, where it says something."""
        return self._replace(
            fail_level=fail_level or self.fail_level,
            form=form or self.form,
            baseline=baseline or self.baseline,
        )

    def lowered(self, finding: Finding) -> Finding:
        """The finding with the severity that it has in this project."""
        severity = self.severity.get(finding.rule)
        if severity is None or finding.severity is Severity.ERROR:
            return finding
        return replace(finding, severity=severity)

    def ignores(self, finding: Finding, file: str) -> str | None:
        """Why a finding in a file (its absolute path) is not reported; None where it is."""
        if finding.severity is Severity.ERROR:
            return None
        if finding.rule in self.ignore:
            return "ignored everywhere"
        if not self.per_path:
            return None
        path = Path(os.path.relpath(file, self.directory.absolute())).as_posix()
        for glob, rules in self.per_path.items():
            if finding.rule in rules and _pattern(glob).fullmatch(path):
                return f"ignored in {glob}"
        return None

    def idle(self, root: Path, files: Collection[str]) -> Iterator[str]:
        """The globs that match none of a root's files, though nothing else is where they look.

        Args:
            root: absolute.
            files: relative to the root.
        """
        here = self.directory.absolute()
        for glob in self.per_path:
            fixed = glob if _WILD.search(glob) is None else _WILD.split(glob)[0].rpartition("/")[0]
            place = here / fixed
            if not place.exists():
                yield glob
            elif place.is_relative_to(root):
                named = (Path(os.path.relpath(root / file, here)).as_posix() for file in files)
                if not any(map(_pattern(glob).fullmatch, named)):
                    yield glob


def _rules(table: Table, key: str) -> frozenset[str]:
    names = table.texts(key)
    for name in names:
        _check_rule(table, key, name)
    return frozenset(names)


def _check_rule(table: Table, key: str, name: str) -> None:
    if name not in rule_names():
        hint = did_you_mean(name, rule_names()) or "`router rule` lists all"
        table.refuse(key, f"there is no rule `{name}`; {hint}")
    if rule(name).severity is Severity.ERROR:
        table.refuse(
            key,
            f"`{name}` is an error: start and reload refuse it too, so it cannot be switched off",
        )


def _per_path(table: Table) -> dict[str, frozenset[str]]:
    found = {}
    for glob in table:
        inner = table.table(glob)
        found[glob] = _rules(inner, "ignore")
        inner.close()
    return found


def _severity(table: Table) -> dict[str, Severity]:
    found = {}
    for name in table:
        _check_rule(table, name, name)
        if table.text(name) != Severity.INFO:
            table.refuse(name, "a severity can only be lowered to info; `fail-level` makes it fail")
        found[name] = Severity.INFO
    return found


_WILD = re.compile("[*?]")


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """A glob over paths with `/`: `*` and `?` stay within a name, `**` is any number of folders."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = re.sub(r"\*\*/|\*\*|\*|\?|[^*?]+", lambda m: parts.get(m[0]) or re.escape(m[0]), glob)
    return re.compile(text, re.DOTALL)
