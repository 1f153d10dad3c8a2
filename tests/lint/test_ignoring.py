"""The comment that an editor writes to suppress a finding, once its reason is filled in."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from jinja2 import Environment

from router.catalog import load_catalog
from router.compiler.sandbox import sandbox
from router.lint.editing import apply_edits
from router.lint.ignoring import ignoring
from router.lint.sources import Linted, lint_sources
from router.policy.sources import MemorySources
from router.resources import shipped
from router.types import Finding, Severity, Span

TODAY = date(2026, 11, 22)
ODD = """\
version: 1
models: {old: claude-opus-4-5-20251101}
tasks:
  sort:
    # A comment of the author's.
    input:
      type: object
      required: [mail, note]
      properties: {mail: {type: string}, note: {type: string}, spare: {type: string}}
    output:
      type: object
      properties:
        label:
          type: string
          maxLength: 20
    prompt:
      system:
        - file: role.j2
          cache: 1h
      user:
       - file: user.j2
       - text: |
          Sort this.

          {{ mail }}
          {{ note }}
    tiers: [{model: old, max_tokens: 64}]
"""
ROLE = "You sort.\n{% raw %}{{ mail }}{% endraw %}\n"
USER = "All of it:\n<mail>{{ mail }}</mail>\n"
STARTER = {
    path.relative_to(shipped("policies")).as_posix(): path.read_bytes()
    for path in shipped("policies").rglob("*")
    if path.is_file()
}
SETS: dict[str, dict[str, str | bytes]] = {
    "starter": STARTER,
    "odd": {"a.yaml": ODD, "role.j2": ROLE, "user.j2": USER},
    "odd with CRLF": {"a.yaml": ODD.replace("\n", "\r\n"), "role.j2": ROLE, "user.j2": USER},
    "odd with a mark": {"a.yaml": f"\ufeff{ODD}", "role.j2": ROLE, "user.j2": USER},
}


def lint(files: dict[str, str | bytes]) -> Linted:
    return lint_sources(MemorySources(files), load_catalog(), today=TODAY)


def told(finding: Finding) -> tuple[str, str]:
    """Without places and messages, which name lines: a comment moves what is below it."""
    return finding.rule, finding.span.file


@pytest.mark.parametrize("name", SETS)
def test_with_a_reason_it_hides_the_finding_and_nothing_else(name: str) -> None:
    files = SETS[name]
    before = lint(files)
    mild = [one for one in before.findings if one.severity is not Severity.ERROR]
    assert mild
    for finding in mild:
        file = finding.span.file
        data = MemorySources(files).read(file)
        edit = ignoring(finding, data)
        assert edit is not None, finding
        bare = apply_edits(data, [edit])
        after = lint({**files, file: bare})
        # a comment without a reason counts for nothing, and says so
        assert sorted(map(told, after.findings)) == sorted(
            [*map(told, before.findings), *(told(one) for one in after.findings if _new(one))]
        )
        assert [one.rule for one in after.findings if _new(one)] == ["ignore-without-reason"]
        said = f"ignore[{finding.rule}]".encode()
        after = lint({**files, file: bare.replace(said, said + b" known and paid for")})
        assert {hidden.reason for hidden in after.hidden} == {"known and paid for"}
        assert told(finding) in {told(hidden.finding) for hidden in after.hidden}
        assert sorted(
            [*map(told, after.findings), *(told(one.finding) for one in after.hidden)]
        ) == (sorted(map(told, before.findings)))


def _new(finding: Finding) -> bool:
    return finding.rule == "ignore-without-reason"


@pytest.mark.parametrize(
    ("rule", "severity", "file"),
    [
        ("unknown-key", Severity.ERROR, "a.yaml"),
        ("unbounded-input", Severity.WARNING, "schemas/a.json"),
        ("unused-ignore", Severity.WARNING, "a.yaml"),
        ("unbounded-input", Severity.WARNING, "a.test.yaml"),
    ],
    ids=["an error", "JSON has no comments", "a comment about comments", "a file of tests"],
)
def test_nothing_is_offered_that_would_not_work(rule: str, severity: Severity, file: str) -> None:
    finding = Finding(rule, severity, "", Span(file, 1, 1, 1, 2))
    assert ignoring(finding, b"a: 1\n") is None


@pytest.mark.parametrize(
    "line", [n for n, text in enumerate(ODD.splitlines(), 1) if not text.lstrip().startswith("#")]
)
def test_it_finds_a_place_wherever_the_finding_is(line: int) -> None:
    """In a block of text there is none: it goes above the block. The policy stays what it is."""
    finding = Finding("unbounded-input", Severity.WARNING, "", Span("a.yaml", line, 3, line, 4))
    edit = ignoring(finding, ODD.encode())
    assert edit is not None
    assert edit.text.endswith("\n")
    assert ODD.splitlines()[edit.span.line - 1].strip()
    assert yaml.safe_load(apply_edits(ODD.encode(), [edit])) == yaml.safe_load(ODD)


@pytest.mark.parametrize(
    ("text", "line"),
    [(USER, 1), (USER, 2), ("a\n b\n", 1), ("a\r\nb", 1), ("{% if 1 -%}\n  a\n{% endif %}", 1)],
)
def test_what_a_template_renders_stays_the_same(text: str, line: int) -> None:
    finding = Finding("cache-buster", Severity.WARNING, "", Span("user.j2", line, 1, line, 2))
    edit = ignoring(finding, text.encode())
    assert edit is not None
    written = apply_edits(text.encode(), [edit]).decode()
    assert written != text
    assert rendered(written) == rendered(text)


def rendered(text: str) -> str:
    ours = sandbox()
    plain = Environment(trim_blocks=ours.trim_blocks, lstrip_blocks=ours.lstrip_blocks)
    return plain.from_string(text).render(mail="x")


def test_text_that_is_quoted_in_a_template_takes_no_comment() -> None:
    finding = Finding("cache-buster", Severity.WARNING, "", Span("role.j2", 2, 1, 2, 2))
    assert ignoring(finding, b"{% raw %}\na\n{% endraw %}") is None
