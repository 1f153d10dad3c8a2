"""Comments that suppress findings: which lines they mean, and what is said of those that do not."""

from __future__ import annotations

from datetime import date

import pytest

from router.catalog import load_catalog
from router.lint.comments import comments
from router.lint.editing import apply_edits
from router.lint.sources import lint_sources
from router.policy.sources import MemorySources
from router.types import Severity

TODAY = date(2026, 11, 22)
POLICY = """version: 1
tasks:
  sort:
    input:
      type: object
      required: [mail]
      properties:
        mail: {type: string}
    prompt:
      system: [{file: role.j2}]
      user: '{{ mail | tag("mail") }}'
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
"""
PLACE = "        mail: {type: string}"
IGNORE = "# router: ignore[unbounded-input] cut by the form"


def lint(policy: str = POLICY, role: str = "You sort mail.", **files: str):
    sources = MemorySources({"a.yaml": policy, "role.j2": role, **files})
    return lint_sources(sources, load_catalog(), today=TODAY)


def said(linted) -> list[tuple[str, int]]:
    return [
        (one.rule, one.span.line) for one in linted.findings if one.severity is not Severity.INFO
    ]


def changed(new: str, old: str = PLACE) -> str:
    assert old in POLICY
    return POLICY.replace(old, new)


def test_without_a_comment_the_finding_is_there():
    """What the other tests suppress."""
    assert said(lint()) == [("unbounded-input", 8)]


@pytest.mark.parametrize(
    "policy",
    [
        changed(f"{PLACE}  {IGNORE}"),
        changed(f"        {IGNORE}\n{PLACE}"),
        changed(f"{IGNORE}\n{PLACE}"),
        changed(f"{PLACE} #router:ignore[unbounded-input] cut by the form"),
        changed(f"{PLACE} # see the form # router: ignore[unbounded-input] cut by the form"),
        changed(f"        {IGNORE}\n        # and another comment\n{PLACE}"),
    ],
)
def test_a_comment_with_a_reason_suppresses_at_its_line_or_the_next(policy):
    linted = lint(policy)
    assert said(linted) == []
    (hidden,) = linted.hidden
    assert (hidden.finding.rule, hidden.by, hidden.reason) == (
        "unbounded-input",
        "comment",
        "cut by the form",
    )


def test_several_rules_may_stand_in_one_comment():
    policy = changed(
        f"{PLACE}\n"
        "        # router: ignore[unbounded-input, unused-input] kept for old callers\n"
        "        old: {type: string}"
    )
    linted = lint(policy)
    assert said(linted) == [("unbounded-input", 8)]
    assert {one.finding.rule for one in linted.hidden} == {"unbounded-input", "unused-input"}


def test_without_a_reason_nothing_is_suppressed_and_that_is_said():
    linted = lint(changed(f"{PLACE}  # router: ignore[unbounded-input]"))
    assert said(linted) == [("unbounded-input", 8), ("ignore-without-reason", 8)]


@pytest.mark.parametrize(
    ("comment", "message", "help_line"),
    [
        (
            "# router: ignore[unbounded-inputs] why",
            "there is no rule",
            "did you mean `unbounded-in",
        ),
        ("# router: ignore[open-object] why", "`open-object` has nothing to say here", "remove it"),
        ("# router: ignore why", "the comment names no rule", "write `router: ignore"),
        ("# router: ignore[] why", "the comment names no rule", "write `router: ignore"),
    ],
)
def test_a_comment_that_ignores_nothing_is_reported(comment, message, help_line):
    linted = lint(changed(f"{PLACE}  {comment}"))
    assert said(linted)[0] == ("unbounded-input", 8)
    (found,) = [one for one in linted.findings if one.rule == "unused-ignore"]
    assert message in found.message
    assert help_line in (found.help or "")


def test_an_error_is_never_suppressed():
    linted = lint(role="{# router: ignore[untrusted-in-system] trust me #}{{ mail }}")
    assert ("untrusted-in-system", 1) in said(linted)
    (found,) = [one for one in linted.findings if one.rule == "unused-ignore"]
    assert "is an error here" in found.message
    assert linted.hidden == ()


def test_while_there_are_errors_no_comment_is_called_stale():
    """Rules do not see a task that does not link, so nobody knows what they would say."""
    policy = changed(f"{PLACE}  {IGNORE}").replace("claude-opus-5-5", "claude-opus-55")
    assert {rule for rule, _ in said(lint(policy))} == {"unknown-model"}


def test_text_within_a_value_is_no_comment():
    """In a block, in quotes and in a plain value behind no blank, `#` is text."""
    policy = changed(
        "      user: |\n"
        "        # router: ignore[unused-input] this is text for the model\n"
        '        {{ mail | tag("mail") }} "# router: ignore[unused-input] text"\n'
        "      # router: ignore[unused-input] this is a comment",
        "      user: '{{ mail | tag(\"mail\") }}'",
    )
    found = list(comments("a.yaml", policy.encode()))
    assert [one.span.line for one in found] == [14]
    quoted = changed("    description: 'a # router: ignore[x] b'\n    tiers", "    tiers")
    assert list(comments("a.yaml", quoted.encode())) == []


@pytest.mark.parametrize("opener", ["|", ">-", "'", "Hello,"])
def test_a_comment_before_a_value_of_several_lines_means_all_of_it(opener):
    """No comment can stand in it; at the end of the line one can only where a block begins."""
    end = "'" if opener == "'" else ""
    value = f"user: {opener}\n        Dear model,\n        sort\n        this{end}"
    above = changed(f"# router: ignore[a] x\n      {value}", "user: '{{ mail | tag(\"mail\") }}'")
    (comment,) = comments("a.yaml", above.encode())
    assert comment.lines == (12, 15)
    if opener in ("|", ">-"):
        behind = value.replace("\n", "  # router: ignore[a] x\n", 1)
        behind = changed(behind, "user: '{{ mail | tag(\"mail\") }}'")
        (comment,) = comments("a.yaml", behind.encode())
        assert comment.lines == (11, 14)


@pytest.mark.parametrize(
    "role",
    [
        "{# router: ignore[unbounded-input] x #}\nText",
        "{#- router: ignore[unbounded-input] x -#}\nText",
        "Text {# router: ignore[unbounded-input] x #} more",
    ],
)
def test_templates_have_comments_of_their_own(role):
    (comment,) = comments("role.j2", role.encode())
    assert comment.reason == "x"
    assert comment.names[0].text == "unbounded-input"
    line = 2 if role.endswith("\nText") else 1
    assert comment.lines == (line, line)


def test_a_hash_in_a_template_is_text_and_so_is_what_is_raw():
    text = "# router: ignore[a] b\n{% raw %}{# router: ignore[a] b #}{% endraw %}\n"
    assert list(comments("role.j2", text.encode())) == []
    assert list(comments("a.json", b'{"a": "# router: ignore[a] b"}')) == []


@pytest.mark.parametrize(
    ("before", "after", "safe"),
    [
        ("a\nC\nb", "a\nb", True),
        ("a\n  C\n  b", "a\n  b", True),
        ("a C b", "a  b", True),
        ("a {# router: ignore[open-object] x +#}\nb", "a \nb", True),
        ("a C\nb", "a\nb", False),  # it took the break along
        ("a {#- router: ignore[open-object] x -#} b", "a b", False),
        ("a\nC", "a\n", False),
    ],
)
def test_a_comment_goes_from_a_template_and_what_is_sent_stays(before, after, safe):
    role = before.replace("C", "{# router: ignore[open-object] x #}")
    (fix,) = [one.fix for one in lint(role=role).findings if one.rule == "unused-ignore"]
    assert (apply_edits(role.encode(), fix.edits).decode(), fix.safe) == (after, safe)


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("  # router: ignore[open-object] x", ""),
        (
            "  # router: ignore[open-object, unbounded-input] x",
            "  # router: ignore[unbounded-input] x",
        ),
        (
            "  # router: ignore[unbounded-input, open-object] x",
            "  # router: ignore[unbounded-input] x",
        ),
    ],
)
def test_the_fix_takes_out_what_ignores_nothing(comment, left):
    policy = changed(PLACE + comment)
    (found,) = [one for one in lint(policy).findings if one.rule == "unused-ignore"]
    (edit,) = found.fix.edits
    lines = policy.splitlines()
    line = lines[edit.span.line - 1]
    assert edit.span.line == edit.span.end_line
    assert (
        line[: edit.span.column - 1] + edit.text + line[edit.span.end_column - 1 :] == PLACE + left
    )


def test_the_fix_of_a_comment_alone_takes_its_line():
    policy = changed(f"        # router: ignore[open-object] x\n{PLACE}")
    (found,) = [one for one in lint(policy).findings if one.rule == "unused-ignore"]
    (edit,) = found.fix.edits
    assert (edit.span.line, edit.span.column, edit.span.end_line, edit.span.end_column) == (
        8,
        1,
        9,
        1,
    )


def test_a_file_full_of_comments_is_read_once():
    """Each line is looked at once, however many comments stand above each other or stay open."""
    comment = "# router: ignore[open-object] x\n"
    policy = "version: 1\n" + comment * 20_000 + "a: |\n" + "  text\n" * 20_000
    found = list(comments("a.yaml", policy.encode()))
    assert {one.lines for one in found} == {(20_002, 40_002)}
    for text in ("{% raw %}", "{# router: ignore ", "{% raw %}{% endraw %}"):
        assert list(comments("a.j2", text.encode() * 100_000)) == []
