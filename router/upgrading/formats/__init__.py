"""The upgrade as text for a terminal, JSON for programs, Markdown for a pull request."""

from __future__ import annotations

from enum import StrEnum

from router.upgrading.upgrade import Upgrade

__all__ = ["Form", "render"]


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def render(upgrade: Upgrade, form: Form, *, written: bool = False, color: bool = False) -> str:
    """The upgrade in one form, ending in a newline; only text knows colours.

    Args:
        written: whether the files have been changed already.
    """
    if form is Form.JSON:
        from router.upgrading.formats import json

        return json.render(upgrade, written=written)
    if form is Form.MARKDOWN:
        from router.upgrading.formats import markdown

        return markdown.render(upgrade, written=written)
    from router.upgrading.formats import text

    return text.render(upgrade, written=written, color=color)
