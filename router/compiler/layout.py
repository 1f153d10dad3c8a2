"""Whether two writings of a template are one template: what its comments do not change."""

from __future__ import annotations

import jinja2

from router.compiler.sandbox import sandbox

__all__ = ["says_the_same"]


def says_the_same(text: str, other: str) -> bool:
    """Whether two templates differ in comments only, the text around those included.

    A comment takes the break behind it along, and a dash in it the blanks: one that goes or comes
    may join two lines. False where one of the two cannot be read.
    """
    try:
        return _said(text) == _said(other)
    except jinja2.TemplateSyntaxError:
        return False


def _said(text: str) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    for _, kind, value in sandbox().lex(text):
        if kind.startswith("comment") or kind == "whitespace":
            continue
        if kind == "data" and said and said[-1][0] == "data":
            said[-1] = kind, said[-1][1] + value
        elif kind.endswith(("_begin", "_end")):
            said.append((kind, ""))  # with its dashes and blanks, which are gone from the text
        else:
            said.append((kind, value))
    return said
