"""The report as text for a terminal, JSON for programs, Markdown for a pull request."""

from __future__ import annotations

from enum import StrEnum

from router.diffing.changes import Report

__all__ = ["Form", "render"]


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def render(report: Report, form: Form, *, color: bool = False) -> str:
    """The report in one form, ending in a newline; only text knows colours."""
    if form is Form.JSON:
        from router.diffing.formats import json

        return json.render(report)
    if form is Form.MARKDOWN:
        from router.diffing.formats import markdown

        return markdown.render(report)
    from router.diffing.formats import text

    return text.render(report, color=color)
