"""The forms a report is given in, one a file; each is a function from the report to text."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module

from router.errors import UsageError
from router.lint.report import Report

__all__ = ["Form", "render"]


class Form(StrEnum):
    """Every form; the module of each has its name and a `render`."""

    TEXT = "text"  # for people: the line, a caret, what to do
    CONCISE = "concise"  # one line a finding
    JSON = "json"
    GITHUB = "github"  # annotations of GitHub Actions
    GITLAB = "gitlab"  # a Code Quality report
    SARIF = "sarif"  # 2.1.0, for code scanning
    JUNIT = "junit"


def render(report: Report, form: str = Form.TEXT, *, color: bool = False) -> str:
    """The report in one form; only text knows colours.

    Raises:
        UsageError: there is no such form.
    """
    if form not in list(Form):
        raise UsageError(f"there is no form {form!r}: {', '.join(Form)}")
    if form == Form.TEXT:
        from router.lint.reporters import text

        return text.render(report, color=color)
    rendered: str = import_module(f"{__name__}.{form}").render(report)
    return rendered
