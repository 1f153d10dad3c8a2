"""JUnit XML: a suite for each file that was read, a case for each finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar
from xml.etree import ElementTree as ET

from router.lint.report import Hidden, Report
from router.types import Finding

__all__ = ["render"]

Item = TypeVar("Item")

# XML 1.0 has no way to write these, not even as references.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """What fails is a failure; what does not is a passed case that says so; suppressed is skipped.

    A file without findings is one passed case, so that a clean report is not an empty one.
    """
    root = ET.Element("testsuites", name="router lint")
    findings = _by_file(report.findings, lambda one: one)
    hidden = _by_file(report.hidden, lambda one: one.finding)
    for file in sorted({*report.files, *findings, *hidden}):
        _suite(root, file, findings.get(file, []), hidden.get(file, []), report)
    if report.problem is not None:
        suite = ET.SubElement(root, "testsuite", _counts("router lint", 1, errors=1))
        case = ET.SubElement(suite, "testcase", name="lint", classname="router lint")
        ET.SubElement(case, "error", type="usage", message=_plain(report.problem))
    suites = root.findall("testsuite")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(
    root: ET.Element,
    file: str,
    findings: list[Finding],
    hidden: list[Hidden],
    report: Report,
) -> None:
    failures = sum(map(report.fails, findings))
    cases = len(findings) + len(hidden) or 1
    counts = _counts(file, cases, failures=failures, skipped=len(hidden))
    suite = ET.SubElement(root, "testsuite", counts)
    for finding in findings:
        case = _case(suite, finding)
        if report.fails(finding):
            kind = finding.severity.value
            message = _plain(finding.message)
            failure = ET.SubElement(case, "failure", type=kind, message=message)
            failure.text = _told(finding)
        else:
            ET.SubElement(case, "system-out").text = _told(finding)
    for one in hidden:
        case = _case(suite, one.finding)
        said = f"{one.by}: {one.reason}" if one.reason else one.by
        ET.SubElement(case, "skipped", type="suppressed", message=_plain(said))
    if not findings and not hidden:
        ET.SubElement(suite, "testcase", name="lint", classname=_plain(file))


def _case(suite: ET.Element, finding: Finding) -> ET.Element:
    span = finding.span
    name = f"{finding.rule} at {span.line}:{span.column}"
    return ET.SubElement(suite, "testcase", name=name, classname=_plain(span.file))


def _counts(name: str, tests: int, **others: int) -> dict[str, str]:
    counts = {"tests": tests, "failures": 0, "errors": 0, "skipped": 0, **others}
    return {"name": _plain(name), **{key: str(value) for key, value in counts.items()}}


def _told(finding: Finding) -> str:
    said = [str(finding), *(f"note: {note}" for note in finding.notes)]
    if finding.help:
        said.append(f"help: {finding.help}")
    return _plain("\n".join(said))


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _by_file(items: Iterable[Item], finding_of: Callable[[Item], Finding]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(finding_of(item).span.file, []).append(item)
    return found
