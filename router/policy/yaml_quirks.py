"""Where the parsers of YAML 1.1 read something else than YAML 1.2 says, without a word."""

from __future__ import annotations

from router.policy.nodes import Mark, SourceText

__all__ = ["swallowed_question", "torn_anchor"]

_ENDS = " \t\r\n,[]{}"  # what may follow an anchor's name in YAML 1.2, chapter 6.9.2


def swallowed_question(source: SourceText, mark: Mark) -> bool:
    """Whether a `?` was taken off the key at `mark`: `{?x: 1}` has the key `?x` in YAML 1.2."""
    return source.line(mark[0] + 1)[max(0, mark[1] - 1) : mark[1]] == "?"


def torn_anchor(source: SourceText, start: int, name: str) -> bool:
    """Whether more of the anchor at offset `start` was read as its value: `&a:b c` is named `a:b`.

    Args:
        name: as the parser has it.
    """
    return source.text[start + 1 + len(name) :][:1] not in _ENDS
