"""Helpers for rule tests: text in, findings out, through the real reader and compiler."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from router.catalog import load_catalog
from router.policy.sources import MemorySources
from router.rules.judge import Judgement, judge

TODAY = date(2026, 11, 22)
MARKS = re.compile("[«»]")

Judge = Callable[..., Judgement]


@pytest.fixture
def judged() -> Judge:
    """Judges `policy.yaml` with this text, and other files by path."""

    def run(text: str | bytes, files: dict[str, str | bytes] | None = None, **options) -> Judgement:
        sources = MemorySources({"policy.yaml": text, **(files or {})})
        return judge(sources, load_catalog(), **{"today": TODAY, "infos": True, **options})

    return run


@pytest.fixture
def checked(judged):
    """Judges text in which «…» marks where findings of a rule belong; asserts that they are there.

    The policy is the first file; others follow a line `# file: NAME`. Errors of other rules are
    follow-up noise and fail the test.
    """

    def run(rule: str, text: str, **options) -> Judgement:
        texts = dict(_files(text))
        files = {name: MARKS.sub("", content) for name, content in texts.items()}
        judgement = judged(files.pop("policy.yaml"), files, **options)
        expected = sorted(span for name, content in texts.items() for span in _spans(name, content))
        found = sorted(
            (one.span.file, one.span.line, one.span.column, one.span.end_line, one.span.end_column)
            for one in judgement.findings
            if one.rule == rule
        )
        assert found == expected, "\n".join(map(str, judgement.findings)) or "no findings"
        noise = [one for one in judgement.findings if one.severity == "error" and one.rule != rule]
        assert not noise, "\n".join(map(str, noise))
        return judgement

    return run


def _files(text: str):
    name, lines = "policy.yaml", []
    for line in text.removeprefix("\n").splitlines(keepends=True):
        if line.startswith("# file: "):
            yield name, "".join(lines)
            name, lines = line.removeprefix("# file: ").strip(), []
        else:
            lines.append(line)
    yield name, "".join(lines)


def _spans(name: str, text: str):
    line = column = 1
    start = None
    for character in text:
        if character == "«":
            start = (line, column)
        elif character == "»":
            assert start is not None
            yield (name, *start, line, column)
        elif character == "\n":
            line, column = line + 1, 1
        else:
            column += 1
