"""Lint from the outside: paths in, report out, and what it may not import."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from router.lint.config import LintConfig
from router.lint.fix_paths import fix_paths
from router.lint.report import CLEAN, FINDINGS, USAGE
from router.lint.reporters import render
from router.lint.runner import lint_paths
from router.resources import shipped
from router.types import Severity

TODAY = date(2026, 11, 22)
GOOD = """version: 1
extends: {up}_base.yaml
tasks:
  {name}:
    extends: _task
    prompt: {{user: [{{file: {name}.j2}}]}}
"""
BASE = """version: 1
tasks:
  _task:
    description: Sorts mail.
    owner: platform
    budget: {run: {usd: 0.5, deadline: 60s}}
    input: {type: object, required: [mail], properties: {mail: {type: string, maxLength: 99}}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
"""
TEMPLATE = '{{ mail | tag("mail") }}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "policies"
    (root / "team").mkdir(parents=True)
    (root / "_base.yaml").write_text(BASE)
    for name, folder, up in (("one", root, ""), ("two", root, ""), ("three", root / "team", "../")):
        (folder / f"{name}.yaml").write_text(GOOD.format(name=name, up=up))
        (folder / f"{name}.j2").write_text(TEMPLATE)
    return root


def lint(*paths, **options):
    return lint_paths(paths, **{"today": TODAY, **options})


def test_a_clean_root_gives_no_findings_and_exit_0(root):
    report = lint(root)
    assert report.findings == ()
    assert report.exit_code() == CLEAN
    assert len(report.files) == 7
    assert render(report) == "no errors, no warnings in 7 files\n"


def test_places_are_given_as_they_are_reached_from_here(root, monkeypatch):
    (root / "team" / "three.j2").write_text("\nSort {{ mail }}\n")
    monkeypatch.chdir(root.parent)
    report = lint(Path("policies"))
    assert [str(one.span) for one in report.findings] == ["policies/team/three.j2:2:9"]
    assert report.exit_code() == FINDINGS


def test_warnings_fail_only_where_that_is_asked_for(root):
    (root / "_base.yaml").write_text(BASE.replace("2048", "64"))
    report = lint(root)
    assert report.count(Severity.WARNING) == 1
    assert report.exit_code() == CLEAN
    assert lint(root, config=LintConfig(fail_level=Severity.WARNING)).exit_code() == FINDINGS
    assert lint(root, config=LintConfig(fail_level=Severity.INFO)).exit_code() == FINDINGS


def test_nothing_to_lint_is_no_success(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for report in (lint(), lint(empty), lint(tmp_path / "nowhere"), lint(tmp_path / "a.yaml")):
        assert report.exit_code() == USAGE
        assert report.problem
        assert render(report) == ""
        assert report.problem in render(report, "json")
    assert "no policy files under" in (lint(empty).problem or "")
    assert "no such file" in (lint(tmp_path / "nowhere").problem or "")


def test_one_file_is_judged_with_its_parents_and_reported_alone(root):
    (root / "two.j2").write_text("{{ mail }}")
    assert lint(root / "one.yaml").findings == ()
    report = lint(root / "two.yaml")
    assert [one.rule for one in report.findings] == ["untagged-untrusted"]
    assert {Path(file).name for file in report.files} == {"two.yaml", "two.j2", "_base.yaml"}


def test_a_file_below_the_policy_root_is_judged_as_a_part_of_it(root, monkeypatch):
    """Its parent lies above it: judged by itself it would lead out of its root."""
    monkeypatch.setenv("ROUTER_POLICIES", str(root))
    assert lint(root / "team" / "three.yaml").findings == ()
    assert lint(root / "team").findings == ()
    monkeypatch.delenv("ROUTER_POLICIES")
    assert [one.rule for one in lint(root / "team").findings] == ["path-escape"]
    assert lint(root / "team", root=root).findings == ()


def test_a_template_is_linted_through_the_policies_beside_it(root):
    (root / "two.j2").write_text("{{ mail }}")
    report = lint(root / "two.j2")
    assert [one.rule for one in report.findings] == ["untagged-untrusted"]
    assert lint(root / "one.j2").findings == ()


def test_several_paths_are_one_report(root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.yaml").write_text("version: 1\ntasks: {x: {}}\n")
    report = lint(root, other)
    assert {one.span.file for one in report.findings} == {str(other / "x.yaml")}
    assert len(report.files) == 8


def test_a_root_inside_another_is_a_part_of_that(root, monkeypatch):
    """Else its files would be judged, reported and fixed twice."""
    three = root / "team" / "three.yaml"
    three.write_text(three.read_text() + "    owner: no\n")
    for paths in ((root, root / "team"), (root / "team", root)):
        report = lint(*paths)
        assert [one.rule for one in report.findings] == ["yaml11-ambiguous"]
        assert len(report.files) == len(set(report.files)) == 7
    monkeypatch.chdir(root)
    fixed = fix_paths([Path("team"), root, Path()], today=TODAY)
    assert fixed.diff().count(b"+++") == 1
    fixed.write()
    assert lint(root).findings == ()


def test_the_starter_library_has_neither_errors_nor_warnings():
    report = lint(shipped("policies"), config=LintConfig(fail_level=Severity.WARNING))
    shown = [str(one) for one in report.findings if one.severity is not Severity.INFO]
    assert shown == []
    assert report.exit_code() == CLEAN


def test_linting_imports_no_sdk_and_no_slow_validator():
    """A cold process that lints the starter library loads nothing that only runs need."""
    program = (
        "import sys; from router.lint.runner import lint_paths;"
        "from router.lint.reporters import render;"
        "report = lint_paths([sys.argv[1]]); shown = render(report);"
        "assert report.exit_code() == 0, shown;"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(shipped("policies"))],
        capture_output=True,
        text=True,
        check=True,
    )
    banned = {"anthropic", "pydantic", "jsonschema", "httpx2", "aiohttp", "tenacity", "rich"}
    banned |= {"typer", "watchfiles", "asyncio", "sqlite3", "msgspec"}
    assert not banned & set(done.stdout.split())
