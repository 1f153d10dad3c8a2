"""The picture in docs/handbook.md: a ladder of the starter library, as the handbook draws it."""

from __future__ import annotations

from pathlib import Path

from router.catalog import load_catalog
from router.cli.handbook import edition_of
from router.cli.reading import Reading
from router.handbook.html import el, render
from router.handbook.ladder import picture
from router.handbook.page import style

__all__ = ["ladder_picture"]

TASK = "classify"


def ladder_picture(policies: Path) -> str:
    """A file of its own: with the page's style sheet, as of the catalog's day."""
    reading = Reading.of(policies, load_catalog().as_of)
    drawn = picture(reading.task(TASK), edition_of(reading, TASK))
    named = dict(drawn.attributes)
    _, _, width, height = named["viewBox"].split()
    named |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": width,
        "height": height,
        "style": "background: var(--paper)",
    }
    return render(el("svg", el("style", style()), *drawn.children, **named))
