"""JUnit XML, as CI systems read it: the one writer for whatever has cases to report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

__all__ = ["Case", "Suite", "render"]

# XML 1.0 has no way to write these, not even as references.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One case: passed where it has no outcome.

    Args:
        suite_class: what CI groups cases by: a file, a task.
        message: of the outcome, one line.
        detail: of a failure or error in full; of a passed case, what it has to say.
        kind: of the outcome, in a word.
    """

    name: str
    suite_class: str
    outcome: Literal["failure", "error", "skipped"] | None = None
    message: str = ""
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases that belong together: those of a file."""

    name: str
    cases: tuple[Case, ...]


def render(name: str, suites: Iterable[Suite]) -> str:
    """The document. Characters that XML cannot hold are replaced."""
    root = ET.Element("testsuites", name=_plain(name))
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for suite in suites:
        counts = _counts(suite)
        ET.SubElement(root, "testsuite", {"name": _plain(suite.name), **_text(counts)}).extend(
            map(_case, suite.cases)
        )
        totals = {key: total + counts[key] for key, total in totals.items()}
    root.attrib.update(_text(totals))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _counts(suite: Suite) -> dict[str, int]:
    outcomes = [case.outcome for case in suite.cases]
    return {
        "tests": len(outcomes),
        "failures": outcomes.count("failure"),
        "errors": outcomes.count("error"),
        "skipped": outcomes.count("skipped"),
    }


def _case(case: Case) -> ET.Element:
    element = ET.Element("testcase", name=_plain(case.name), classname=_plain(case.suite_class))
    if case.outcome is not None:
        said = {"type": case.kind, "message": _plain(case.message)}
        outcome = ET.SubElement(element, case.outcome, {k: v for k, v in said.items() if v})
        outcome.text = _plain(case.detail) or None
    elif case.detail:
        ET.SubElement(element, "system-out").text = _plain(case.detail)
    return element


def _text(counts: dict[str, int]) -> dict[str, str]:
    return {key: str(value) for key, value in counts.items()}


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
