"""yaml-too-large: the file is larger than 1 MiB, or holds too many values."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="yaml-too-large",
    severity=Severity.ERROR,
    summary="The file is larger than 1 MiB, or holds too many values.",
    avoid="input: {file: …}   # a megabyte of inline examples",
    prefer="- {file: prompts/examples.md.j2}",
    why=(
        "A policy is written by people. What is larger is data: bounded reading keeps a bad "
        "file from stopping a service."
    ),
    configure="Move long text into template files and schemas into files of their own.",
)
