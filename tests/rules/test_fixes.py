"""Every fix of every rule, made alone: its finding goes, and no error comes of it."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from router.catalog import load_catalog
from router.diffing.compare import report_of
from router.diffing.judging import judged
from router.diffing.sides import Side
from router.lint.editing import apply_edits
from router.lint.fixing import fix_all
from router.lint.sources import lint_sources
from router.policy.sources import MemorySources
from router.rules.registry import all_rules
from router.types import Severity

TODAY = date(2026, 11, 22)
CATALOG = load_catalog()
MODULES = {
    path.stem.removeprefix("test_").replace("_", "-"): path
    for path in Path(__file__).parent.glob("*/test_*.py")
}
MENDING = sorted(name for name, rule in all_rules().items() if rule.mends != "no")


def linted(files, today):
    return lint_sources(MemorySources(files), CATALOG, today=today).findings


def cases(name, files_of):
    spec = importlib.util.spec_from_file_location(name, MODULES[name])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    today = getattr(module, "TODAY", TODAY)
    for title, text in module.FAILING.items():
        files = {
            file: re.sub("[«»]", "", content).encode(errors="surrogateescape")
            for file, content in files_of(text).items()
        }
        found = [one for one in linted(files, today) if one.rule == name]
        yield title, files, today, found


def errors(findings):
    return Counter(
        (one.rule, one.span.file, re.sub("[0-9]", "", one.message))
        for one in findings
        if one.severity is Severity.ERROR
    )


@pytest.mark.parametrize("name", sorted(all_rules()))
def test_a_rule_says_truly_whether_it_can_be_mended(name, files_of):
    kinds = {
        one.fix.safe
        for _, _, _, found in cases(name, files_of)
        for one in found
        if one.fix is not None
    }
    declared = all_rules()[name].mends
    said = {"no": set(), "safe": {True}, "unsafe": {False}, "either": {True, False}}[declared]
    assert kinds == said


@pytest.mark.parametrize("name", MENDING)
def test_a_fix_mends_its_finding_and_breaks_nothing(name, files_of):
    for title, files, today, found in cases(name, files_of):
        before = errors(linted(files, today))
        for one in found:
            if one.fix is None:
                continue
            mended = dict(files)
            for file in {edit.span.file for edit in one.fix.edits}:
                edits = [edit for edit in one.fix.edits if edit.span.file == file]
                mended[file] = apply_edits(mended[file], edits)
            after = linted(mended, today)
            left = [other for other in after if (other.rule, other.message) == (name, one.message)]
            same = [other for other in found if other.message == one.message]
            assert len(left) < len(same), title
            assert not errors(after) - before, title


@pytest.mark.parametrize("name", MENDING)
def test_a_safe_fix_of_what_loads_changes_no_behaviour(name, files_of):
    """As `router diff` sees it: the text differs, and no task does."""
    for title, files, today, _ in cases(name, files_of):
        sources = MemorySources(files)
        before = judged(Side("before", sources), CATALOG, today)
        if before.errors:
            continue
        mended = fix_all(sources, CATALOG, today=today).sources
        report = report_of(before, judged(Side("after", mended), CATALOG, today))
        assert report.exit_code == 0, title
