"""Findings that comments suppress, and comments that suppress nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from router.lint.comments import Comment, Name, comments
from router.lint.editing import apply_edits
from router.lint.report import Hidden
from router.policy.findings import quoted
from router.policy.suggest import did_you_mean
from router.rules.registry import rule, rule_names
from router.types import Edit, Finding, Fix, Severity, Span

__all__ = ["Suppressed", "suppress"]


class Suppressed(NamedTuple):
    """What is left, in order of place, with what is to be said of the comments themselves."""

    findings: tuple[Finding, ...]
    hidden: tuple[Hidden, ...]


def suppress(
    findings: Sequence[Finding], files: Iterable[tuple[str, bytes]], *, complete: bool
) -> Suppressed:
    """Applies the suppressing comments of `files` to their findings.

    Errors are never suppressed, and no comment counts that gives no reason.

    Args:
        complete: whether every finding is there; else nobody can say that a comment is stale.
    """
    every = [comment for file, data in files for comment in comments(file, data)]
    if not every:
        return Suppressed(tuple(findings), ())
    speaking = _Speaking(every)
    used: dict[tuple[int, str], bool] = {}  # whether what a comment names was there and hidden
    kept: list[Finding] = []
    hidden: list[Hidden] = []
    for finding in findings:
        said = speaking.of(finding)
        if said is None:
            kept.append(finding)
            continue
        hides = finding.severity is not Severity.ERROR
        used[id(said), finding.rule] = used.get((id(said), finding.rule), False) or hides
        if hides and said.reason:
            hidden.append(Hidden(finding, "comment", said.reason))
        else:
            kept.append(finding)
    about = [one for comment in every for one in _judge(comment, used, complete)]
    if about:
        kept = sorted([*kept, *about], key=lambda one: (one.span, one.rule, one.message))
    return Suppressed(tuple(kept), tuple(hidden))


class _Speaking:
    """Comments by what they speak of: a rule, in a file, from a line on."""

    def __init__(self, every: Iterable[Comment]) -> None:
        self._by_rule: dict[tuple[str, str], list[Comment]] = {}
        for comment in every:
            for name in {name.text for name in comment.names}:
                self._by_rule.setdefault((comment.span.file, name), []).append(comment)
        self._firsts: dict[tuple[str, str], list[int]] = {}
        for key, some in self._by_rule.items():
            some.sort(key=lambda one: one.lines)
            self._firsts[key] = [one.lines[0] for one in some]

    def of(self, finding: Finding) -> Comment | None:
        """The comment that ignores a finding; of several the first that means its line."""
        key = finding.span.file, finding.rule
        line = finding.span.line
        at = bisect_left(self._firsts.get(key, ()), line)
        some = self._by_rule.get(key, ())
        # One that means this very line, else the one before, which may mean several lines.
        for comment in some[max(0, at - 1) : at + 1]:
            first, last = comment.lines
            if first <= line <= last:
                return comment
        return None


# --- what is to be said of a comment --------------------------------------------------------------


def _judge(
    comment: Comment, used: Mapping[tuple[int, str], bool], complete: bool
) -> Iterator[Finding]:
    place = comment.source, comment.span
    if not comment.names:
        help_line = "write `router: ignore[rule-name] reason`; `router rule` lists the names"
        yield rule("unused-ignore").at_place(place, "the comment names no rule", help_line)
        return
    if not comment.reason:
        help_line = "write behind the bracket why the finding does not matter here"
        message = "the comment gives no reason, so it ignores nothing"
        yield rule("ignore-without-reason").at_place(place, message, help_line)
    for name in comment.names:
        unused = _unused(name, used.get((id(comment), name.text)), complete)
        if unused is not None:
            at = comment.source, name.span
            yield rule("unused-ignore").at_place(at, *unused, fix=_removal(comment, name))


def _unused(name: Name, used: bool | None, complete: bool) -> tuple[str, str | None] | None:
    if name.text not in rule_names():
        hint = did_you_mean(name.text, rule_names()) or "`router rule` lists all"
        return f"there is no rule {quoted(name.text)}", hint
    if used is False:
        message = f"{quoted(name.text)} is an error here, and errors cannot be ignored"
        return message, "mend it: start and reload refuse it too"
    if used is None and complete:
        return f"{quoted(name.text)} has nothing to say here", "remove it"
    return None


def _removal(comment: Comment, name: Name) -> Fix:
    """Takes the name out, or the comment where nothing else is in it."""
    if len(comment.names) == 1:
        return _without(comment)
    index = comment.names.index(name)
    # With the comma behind it, or before it where it is the last.
    start, end = name.span, name.span
    if index + 1 < len(comment.names):
        end = comment.names[index + 1].span
        span = Span(start.file, start.line, start.column, end.line, end.column)
    else:
        start = comment.names[index - 1].span
        span = Span(start.file, start.line, start.end_column, end.line, end.end_column)
    return Fix(f"take `{name.text}` out of the comment", (Edit(span, ""),))


def _without(comment: Comment) -> Fix:
    """Takes the comment out with its line or the blanks before it, if the text stays what it is."""
    message = "remove the comment"
    whole = Edit(_whole(comment), "")
    if not comment.in_template:
        return Fix(message, (whole,))
    from router.compiler.layout import says_the_same

    text = comment.source.text
    for edit in (whole, Edit(comment.span, "")):
        if says_the_same(text, apply_edits(text.encode(), (edit,)).decode()):
            return Fix(message, (edit,))
    return Fix(f"{message}, and the break or the blanks that it took", (whole,), safe=False)


def _whole(comment: Comment) -> Span:
    """The comment with the blanks before it; with its line where it is alone there."""
    span = comment.span
    if comment.alone:
        return Span(span.file, span.line, 1, span.line + 1, 1)
    line = comment.source.line(span.line)
    column = len(line[: span.column - 1].rstrip()) + 1
    return Span(span.file, span.line, column, span.end_line, span.end_column)
