"""The public YAML test suite: what is no YAML is refused with a place, the rest is read right."""

from __future__ import annotations

import json

import pytest

from router.lint.report import FINDINGS
from router.lint.reporters import Form, render
from router.lint.runner import lint_paths
from router.policy.yaml_reader import read_yaml
from router.types import Finding, Severity

NOT_YAML_BUT_READ = {
    # Each reads as its author meant it; libyaml is as lenient, and so are the other tools that
    # read policies.
    "9C9N": "a list in brackets goes on without indentation",
    "QB6E": "a quoted text goes on without indentation",
    "DK95-1": "a quoted text goes on behind a tab",
    "Y79Y-3": "a list in brackets goes on behind a tab",
    "9JBA": "a comment right behind a bracket",
    "CVW2": "a comment right behind a comma",
    "SU5Z": "a comment right behind a quote",
    "X4QW": "a comment right behind a `>`",
    "S98Z": "a folded text that is empty, with blanks before a comment",
    "G5U8": "a dash alone in brackets",
    "YJV2": "a dash alone in brackets",
}
READ_BY_LIBYAML_ONLY = {"X4QW", "Y79Y-3"}  # PyYAML's own parser refuses them

READ_OTHERWISE = {"L24T-1": "blanks at the end of a file that has no last line end"}

OURS = {
    *("empty-file", "multi-document", "non-string-key", "yaml-tag"),
    "yaml-syntax",  # valid, but not for libyaml
}


@pytest.fixture(scope="module")
def cases(collection):
    """Name and case: `yaml`, and `json` or `fail`."""
    found = []
    for file in sorted(collection("yaml").glob("????.js")):
        text = file.read_text(encoding="utf-8").partition("export default ")[2]
        several = json.loads(text.rstrip().removesuffix(";"))["cases"]
        for number, case in enumerate(several):
            found.append((file.stem if len(several) == 1 else f"{file.stem}-{number}", case))
    assert len(found) == 402
    return found


def errors(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]


both = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "python"])


@both
def test_what_is_no_yaml_is_refused_where_it_goes_wrong(cases, pure: bool) -> None:
    """Every error case gives an error within the file; those that are read are listed above."""
    read = set()
    for name, case in cases:
        if not case.get("fail"):
            continue
        found = errors(read_yaml(case["yaml"].encode(), "p.yaml", pure=pure).findings)
        if not found:
            read.add(name)
        lines = case["yaml"].count("\n") + 1
        assert all(1 <= one.span.line <= lines and one.span.column >= 1 for one in found), name
    assert read == set(NOT_YAML_BUT_READ) - (READ_BY_LIBYAML_ONLY if pure else set())


@both
def test_what_is_yaml_is_read_right_or_refused(cases, pure: bool) -> None:
    """No valid case is read as anything but what the suite says; a refusal is one of ours."""
    wrong, accepted = set(), 0
    for name, case in cases:
        if case.get("fail"):
            continue
        reading = read_yaml(case["yaml"].encode(), "p.yaml", pure=pure)
        refused = {finding.rule for finding in errors(reading.findings)}
        assert refused <= OURS, name
        if refused or "json" not in case:
            continue
        assert reading.node is not None, name
        accepted += 1
        if reading.node.plain() != json.loads(case["json"]):
            wrong.add(name)
    assert wrong == set(READ_OTHERWISE)
    assert accepted > 170


def test_lint_has_a_place_for_every_file_of_the_suite(cases, tmp_path) -> None:
    """None of them is a policy, and lint says of each where it is not."""
    for name, case in cases:
        (tmp_path / f"{name}.yaml").write_bytes(case["yaml"].encode())
    report = lint_paths([tmp_path])
    assert report.exit_code() == FINDINGS
    assert report.problem is None
    faulty = {finding.span.file for finding in errors(report.findings)}
    assert faulty == {str(tmp_path / f"{name}.yaml") for name, _ in cases}
    text = render(report, Form.TEXT)
    assert text.replace("\n", "").replace("\t", "").isprintable()
