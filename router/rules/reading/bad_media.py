"""The page of bad-media."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-media",
    severity=Severity.ERROR,
    summary=(
        "An image or document file is not what its ending says, or not of a kind that can be sent."
    ),
    avoid="- {image: {file: diagram.svg}}",
    prefer="- {image: {file: diagram.png}}",
    why="The API refuses other kinds (400).",
    configure="Images: png, jpg, gif, webp. Documents: pdf, txt, md.",
)
