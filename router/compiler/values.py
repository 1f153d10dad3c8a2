"""How values become prompt text, and how untrusted ones are kept inside their element.

One rule for all templates: a string is written as it is, every other value as JSON.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

__all__ = ["ELEMENT", "kept_inside", "to_json", "to_text", "wrap"]

ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""Names that `tag` accepts."""

# What a reader may overlook between `<` and a name: spaces, controls, soft hyphen, zero-width
# and direction marks, variation selectors.
_IGNORABLE = r"[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*+"  # noqa: E501  # one character class
_OPENERS = "<\uff1c\ufe64"  # less-than, its fullwidth and its small form
_SLASHES = r"[/\\\uff0f\u2044\u2215\u29f8]"


def to_json(value: Any, indent: int | None = None) -> str:
    r"""JSON with `<` written as `\u003c`, so that no string in it can open or close an element.

    Raises:
        TypeError, ValueError: not a JSON value (NaN and infinities are none), or too deep.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return text.replace("<", r"\u003c") if "<" in text else text


def to_text(value: Any) -> str:
    """The text a value is written as: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else to_json(value)


def wrap(value: Any, element: str, *around: str) -> str:
    """`<element>text</element>`, where the text can neither close nor forge that element.

    Whatever looks like an opening or closing tag of that name, in any letter case, with spaces
    or invisible characters between, loses its `<` to `&lt;`; all other text stays as it is.

    Args:
        around: elements that the template has opened around this one: the text cannot close
            those either.
    """
    text = to_text(value)
    for name in (element, *around):
        text = kept_inside(text, name)
    return f"<{element}>{text}</{element}>"


def kept_inside(text: str, element: str) -> str:
    """The text as it stands within an element: unable to close or to forge it."""
    if "<" in text or (not text.isascii() and ("\uff1c" in text or "\ufe64" in text)):
        return _lookalike(element).sub("&lt;", text)
    return text


@lru_cache(maxsize=256)
def _lookalike(element: str) -> re.Pattern[str]:
    # Possessive repeats and a lookahead: one pass, whatever the text.
    name = _IGNORABLE.join(_letter(letter) for letter in element)
    return re.compile(
        rf"[{_OPENERS}](?={_IGNORABLE}(?:{_SLASHES}{_IGNORABLE})*+{name})", re.IGNORECASE
    )


def _letter(letter: str) -> str:
    # Fullwidth forms sit at a fixed distance from ASCII and read the same.
    return f"[{re.escape(letter)}{chr(ord(letter) + 0xFEE0)}]"
