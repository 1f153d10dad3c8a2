"""Writing the comment that suppresses a finding; the reason is left to the author."""

from __future__ import annotations

import re

from router.lint.comments import comments
from router.policy.sources import is_test_name
from router.types import Edit, Finding, Severity, Span

__all__ = ["ignoring"]

_ABOUT_COMMENTS = ("ignore-without-reason", "unused-ignore")  # no comment speaks of these
_BREAK = re.compile(r"\r\n|\r|\n")


def ignoring(finding: Finding, data: bytes) -> Edit | None:
    """The edit that adds a suppressing comment for a finding, still without its reason.

    In YAML the comment has a line of its own, above what the finding is in: a text of many lines
    has no room for one. In a template it ends the line and, by its `+`, leaves the break there; or
    has a line of its own too, where a dash before it would take another break along.

    Args:
        data: the file that the finding is in.

    Returns:
        None where no comment would do: for errors, in files that have no comments.
    """
    file = finding.span.file
    if (
        finding.severity is Severity.ERROR
        or finding.rule in _ABOUT_COMMENTS
        or file.endswith(".json")
        or is_test_name(file)
    ):
        return None
    lines = _BREAK.split(data.decode("utf-8-sig", "replace"))
    said = f"router: ignore[{finding.rule}]"
    number = min(finding.span.line, len(lines))
    if not file.endswith((".yaml", ".yml")):
        return _in_template(finding, lines, said)
    for above in range(number, 0, -1):
        blanks = re.match(r"[ \t]*", lines[above - 1])
        indent = blanks[0] if blanks else ""
        edit = _working(finding, lines, Edit(_at(file, above, ""), f"{indent}# {said} \n"))
        if edit is not None:
            return edit
    return None


def _in_template(finding: Finding, lines: list[str], said: str) -> Edit | None:
    from router.compiler.layout import says_the_same

    file, number = finding.span.file, min(finding.span.line, len(lines))
    before = "\n".join(lines)
    for edit in (
        Edit(_at(file, number, lines[number - 1]), f"{{# {said} +#}}"),
        Edit(_at(file, number, ""), f"{{# {said} #}}\n"),
    ):
        if _working(finding, lines, edit) and says_the_same(before, _edited(lines, edit)):
            return edit
    return None


def _at(file: str, line: int, before: str) -> Span:
    column = len(before) + 1
    return Span(file, line, column, line, column)


def _working(finding: Finding, lines: list[str], edit: Edit) -> Edit | None:
    """The edit, if the comment that it makes is one, and means the finding."""
    edited = _edited(lines, edit).encode("utf-8", "replace")
    target = finding.span.line + edit.text.count("\n")
    for comment in comments(finding.span.file, edited):
        first, last = comment.lines
        named = any(name.text == finding.rule for name in comment.names)
        if named and not comment.reason and first <= target <= last:
            return edit
    return None


def _edited(lines: list[str], edit: Edit) -> str:
    index, column = edit.span.line - 1, edit.span.column - 1
    text = lines[index][:column] + edit.text + lines[index][column:]
    return "\n".join([*lines[:index], text, *lines[index + 1 :]])
